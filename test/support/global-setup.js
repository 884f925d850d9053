import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startEmbeddedPostgres } from '../../dist/platform/database/embedded-postgres.js'
import { migrateUp } from '../../dist/platform/database/migrate.js'

/**
 * One PostgreSQL for the whole run: embedded, in a folder of its own, or the server at TEST_SERVER_URL, in a new database.
 * Tests share it, each in organizations of its own.
 * Jest loads this file without its transform, hence JavaScript on the built sources.
 */
export default async function setUp() {
  const url = process.env.TEST_SERVER_URL ? await newDatabase(process.env.TEST_SERVER_URL) : await embedded()
  await migrateUp(url)
  process.env.TEST_DATABASE_URL = url
}

async function embedded() {
  const dataDir = await mkdtemp(join(tmpdir(), 'polity-test-'))
  // As root, PostgreSQL runs as another user, who has to pass through here.
  await chmod(dataDir, 0o755)
  const server = await startEmbeddedPostgres({ dataDir, durable: false })
  Object.assign(globalThis, { stopTestDatabase: () => server.stop(), testDataDir: dataDir })
  return server.url
}

async function newDatabase(serverUrl) {
  const name = `polity_test_${process.pid}_${Date.now()}`
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  Object.assign(globalThis, {
    stopTestDatabase: async () => {
      const again = new Client({ connectionString: serverUrl })
      await again.connect()
      await again.query(`drop database ${name} with (force)`)
      await again.end()
    },
  })
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.toString()
}
