import { Config } from '../config/config.js'
import { startEmbeddedPostgres } from './embedded-postgres.js'
import { migrateUp } from './migrate.js'

export interface OpenDatabase {
  /** The configuration with `DATABASE_URL` set, whichever database it is. */
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
  return { config: new Config({ ...config.values, DATABASE_URL: embedded.url }), close: () => embedded.stop() }
}
