import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../platform/database/embedded-postgres.js'
import { migrateUp } from '../platform/database/migrate.js'

/** A database for tests, its schema up to date. */
export interface TestDatabase {
  readonly url: string
  /** Ends what was started for it. A database that was given stays as it is. */
  close(): Promise<void>
}

/**
 * The database at `url`, or an embedded PostgreSQL of its own, which leaves nothing behind.
 * @throws {StartError}
 */
export async function openTestDatabase(url?: string): Promise<TestDatabase> {
  const database = url ? { url, close: async () => undefined } : await embedded()
  try {
    await migrateUp(database.url)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

async function embedded(): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'polity-test-'))
  const remove = () => rm(dataDir, { recursive: true, force: true })
  try {
    // As root, PostgreSQL runs as another user, who has to pass through here.
    await chmod(dataDir, 0o755)
    const server = await startEmbeddedPostgres({ dataDir, durable: false })
    return { url: server.url, close: () => server.stop().then(remove) }
  } catch (error) {
    await remove()
    throw error
  }
}
