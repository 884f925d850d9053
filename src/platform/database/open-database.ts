import { keysOfDataFolder } from '../secrets/key-file.js'
import { Config, parseEncryptionKeys } from '../config/config.js'
import { startEmbeddedPostgres } from './embedded-postgres.js'

export interface OpenDatabase {
  /** The configuration with `DATABASE_URL` set, whichever database it is, and the keys for its secrets where they are ours. */
  config: Config
  close(): Promise<void>
}

/**
 * The operator's database, or our own PostgreSQL in `DATA_DIR` where no `DATABASE_URL` is set; its schema up to date.
 * @throws {StartError}
 */
export async function openDatabase(
  config: Config,
  log: (line: string) => void = () => undefined,
): Promise<OpenDatabase> {
  const opened = await connectOrStart(config, log)
  try {
    // TypeORM is loaded while PostgreSQL starts, and not before.
    const { migrateUp } = await import('./migrate.js')
    await migrateUp(opened.config.get('DATABASE_URL')!)
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** The same without touching the schema, for those who do it themselves. */
export async function connectOrStart(
  config: Config,
  log: (line: string) => void = () => undefined,
): Promise<OpenDatabase> {
  if (config.get('DATABASE_URL')) return { config, close: async () => undefined }
  const embedded = await startEmbeddedPostgres({ dataDir: config.get('DATA_DIR'), log })
  const values = { ...config.values, DATABASE_URL: embedded.url }
  try {
    values.INTEGRATION_ENCRYPTION_KEYS ??= parseEncryptionKeys(await keysOfDataFolder(config.get('DATA_DIR')))
  } catch (error) {
    await embedded.stop()
    throw error
  }
  return { config: new Config(values), close: () => embedded.stop() }
}
