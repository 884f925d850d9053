import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { startEmbeddedPostgres } from '../platform/database/embedded-postgres.js'
import { WatchedClient } from '../platform/database/fast-path/watched-client.js'
import { migrateUp } from '../platform/database/migrate.js'

import type { PluginModule } from '../plugin-declaration.js'
import { Plugins } from '../plugins.js'

/** A migrated database for tests. */
export interface TestDatabase {
  readonly url: string
  /** Stops and removes what was created for it. A database that was passed in stays as it is. */
  close(): Promise<void>
}

/** The database at `url`, or an embedded PostgreSQL, which leaves nothing behind. @throws {StartError} */
export const openTestDatabase = (url?: string, plugins?: readonly PluginModule[]): Promise<TestDatabase> =>
  migrated(url ? { url, close: async () => undefined } : embedded(), plugins)

/** A new database on the server of `url`, dropped in the end, or an embedded PostgreSQL. @throws {StartError} */
export const newTestDatabase = (url?: string, plugins?: readonly PluginModule[]): Promise<TestDatabase> =>
  migrated(emptyTestDatabase(url), plugins)

/** A new database without tables, for an application that embeds Polity. @throws {StartError} */
export const emptyTestDatabase = (url?: string): Promise<TestDatabase> => (url ? create(url, 'template0') : embedded())

async function migrated(
  opening: TestDatabase | Promise<TestDatabase>,
  plugins?: readonly PluginModule[],
): Promise<TestDatabase> {
  const database = await opening
  try {
    await migrateUp(database.url, new Plugins(plugins).migrations)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/** @param template `template1` may already hold the migrated schema, which makes many tests quicker */
async function create(serverUrl: string, template = 'template1'): Promise<TestDatabase> {
  const name = `polity_test_${randomUUID().replaceAll('-', '')}`
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await execute(serverUrl, `create database ${name} template ${template}`)
  return { url: url.toString(), close: () => execute(serverUrl, `drop database ${name} with (force)`) }
}

async function execute(url: string, statement: string): Promise<void> {
  const client: Client = new WatchedClient({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

async function embedded(): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'polity-test-'))
  const remove = () => rm(dataDir, { recursive: true, force: true })
  try {
    // Under root, PostgreSQL runs as another user, who must be able to enter this folder.
    await chmod(dataDir, 0o755)
    const server = await startEmbeddedPostgres({ dataDir, durable: false })
    return { url: server.url, close: () => server.stop().then(remove) }
  } catch (error) {
    await remove()
    throw error
  }
}
