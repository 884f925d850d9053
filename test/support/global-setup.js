import { Client } from 'pg'
import { openTestDatabase } from '../../dist/testing/index.js'

/**
 * One PostgreSQL for the whole run: embedded, in a folder of its own, or the server at TEST_SERVER_URL, in a new database.
 * Tests share it, each in organizations of its own.
 * Jest loads this file without its transform, hence JavaScript on the built sources.
 */
export default async function setUp() {
  const created = process.env.TEST_SERVER_URL ? await newDatabase(process.env.TEST_SERVER_URL) : undefined
  const database = await openTestDatabase(created?.url)
  process.env.TEST_DATABASE_URL = database.url
  globalThis.closeTestDatabase = created?.drop ?? database.close
}

async function newDatabase(serverUrl) {
  const name = `polity_test_${process.pid}_${Date.now()}`
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  await execute(serverUrl, `create database ${name}`)
  return { url: url.toString(), drop: () => execute(serverUrl, `drop database ${name} with (force)`) }
}

async function execute(url, statement) {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}
