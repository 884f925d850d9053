import { Client } from 'pg'
import { DataSource } from 'typeorm'
import { StartError } from '../start-error.js'
import { dataSourceOptions } from './data-source.js'

/** Any number, the same on every node: one of them migrates while the others wait. */
const MIGRATION_LOCK = 7_305_804_402

/**
 * Runs `work` with a connected data source while no other process migrates this database.
 * The lock lives in a session of its own, so it falls with the process.
 * @throws {StartError} when the database does not answer
 */
export async function underMigrationLock<Result>(
  url: string,
  work: (dataSource: DataSource) => Promise<Result>,
): Promise<Result> {
  const holder = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  holder.on('error', () => undefined)
  try {
    await holder.connect()
  } catch (error) {
    throw new StartError(
      `The database at ${withoutPassword(url)} cannot be reached: ${(error as Error).message || 'no answer'}. Start it, or correct DATABASE_URL; without DATABASE_URL Polity runs its own PostgreSQL.`,
    )
  }
  const dataSource = new DataSource(dataSourceOptions(url, 1))
  try {
    await holder.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await dataSource.initialize()
    return await work(dataSource)
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy()
    await holder.end()
  }
}

/** Brings the schema up to date. @returns the names of the migrations that ran */
export const migrateUp = (url: string): Promise<string[]> =>
  underMigrationLock(url, async (dataSource) =>
    (await dataSource.runMigrations({ transaction: 'each' })).map(({ name }) => name),
  )

/** A database URL as a message may show it. */
export function withoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password) shown.password = '***'
  shown.search = ''
  return shown.toString()
}
