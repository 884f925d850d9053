import { newTestDatabase } from '../../dist/testing/index.js'

/**
 * One PostgreSQL for the whole run: embedded, in a folder of its own, or the server at TEST_SERVER_URL, in a new database.
 * Tests share it, each in organizations of its own.
 * Jest loads this file without its transform, hence JavaScript on the built sources.
 */
export default async function setUp() {
  const database = await newTestDatabase(process.env.TEST_SERVER_URL)
  process.env.TEST_DATABASE_URL = database.url
  globalThis.closeTestDatabase = database.close
}
