import { Client } from 'pg'
import { randomUUID } from 'node:crypto'
import { migrateUp } from '../../src/platform/database/migrate.js'

/** A database that no other test file's server delivers events of. @returns its URL, and what drops it */
export async function ownDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `own_${randomUUID().replaceAll('-', '')}`
  const run = async (statement: string) => {
    const client = new Client({ connectionString: process.env.TEST_DATABASE_URL })
    await client.connect()
    await client.query(statement)
    await client.end()
  }
  await run(`create database ${name}`)
  const url = new URL(process.env.TEST_DATABASE_URL!)
  url.pathname = `/${name}`
  await migrateUp(url.href)
  return { url: url.href, drop: () => run(`drop database ${name} with (force)`) }
}
