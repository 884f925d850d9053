import { keysOfDataFolder } from '../secrets/key-file.js'
import type { Config } from '../config/config.js'
import { parseEncryptionKeys } from '../config/setting-values.js'
import { type Contact, contactFor } from './first-contact.js'
import type { MigrationClass } from './migrate.js'
import { type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.js'

export interface OpenDatabase {
  /** The configuration with `DATABASE_URL` set, whichever database it is, and the keys for its secrets where they are ours. */
  config: Config
  close(): Promise<void>
}

/** Hears of the database while it starts and, where it is the embedded one, as long as it runs. */
export type DatabaseWatch = Pick<EmbeddedPostgresOptions, 'log' | 'ended' | 'gaveUp'> & Pick<Contact, 'waiting'>

/**
 * The operator's database, or our own PostgreSQL in `DATA_DIR` where no `DATABASE_URL` is set; its schema up to date.
 * @param migrations asked for once PostgreSQL is being started
 * @throws {StartError}
 */
export async function openDatabase(
  config: Config,
  migrations: () => Promise<readonly MigrationClass[]>,
  watch: DatabaseWatch = {},
): Promise<OpenDatabase> {
  const opened = await connectOrStart(config, watch)
  try {
    // TypeORM and the modules are loaded while PostgreSQL starts, and not before.
    const [{ migrateUp }, all] = await Promise.all([import('./migrate.js'), migrations()])
    await migrateUp(opened.config.get('DATABASE_URL')!, all, { ...contactFor(opened.config), waiting: watch.waiting })
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

/** The same without touching the schema, for callers that migrate it themselves. */
export async function connectOrStart(config: Config, watch: DatabaseWatch = {}): Promise<OpenDatabase> {
  if (config.get('DATABASE_URL')) return { config, close: async () => undefined }
  const embedded = await startEmbeddedPostgres({ ...watch, dataDir: config.get('DATA_DIR') })
  try {
    const keys =
      config.get('INTEGRATION_ENCRYPTION_KEYS') ?? parseEncryptionKeys(await keysOfDataFolder(config.get('DATA_DIR')))
    const opened = config.with({ DATABASE_URL: embedded.url, INTEGRATION_ENCRYPTION_KEYS: keys }, true)
    return { config: opened, close: () => embedded.stop() }
  } catch (error) {
    await embedded.stop()
    throw error
  }
}
