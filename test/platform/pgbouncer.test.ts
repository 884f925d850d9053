import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { migrateUp } from '../../src/platform/database/migrate.js'
import { migrations } from '../../src/platform/database/migrations/index.js'
import { PgBouncer, pgBouncerVersion } from '../support/pgbouncer.js'

const isInstalled = pgBouncerVersion() !== undefined
if (!isInstalled) console.warn('The tests behind PgBouncer are left out: there is no pgbouncer on the PATH.')

const describeIt = isInstalled ? describe : describe.skip
describeIt('migrations behind PgBouncer in transaction mode', () => {
  it('run once when several servers start at a time, and leave no lock behind', async () => {
    const pgBouncer = await PgBouncer.start(process.env.TEST_DATABASE_URL!)
    const name = `polity_test_${randomUUID().replaceAll('-', '')}`
    const database = new URL(pgBouncer.url)
    database.pathname = `/${name}`
    const direct = new pg.Client(process.env.TEST_DATABASE_URL)
    await direct.connect()
    try {
      await direct.query(`create database ${name}`)
      const ran = await Promise.all(Array.from({ length: 5 }, () => migrateUp(database.toString())))
      expect(ran.flat()).toHaveLength(migrations.length)
      const { rows } = await direct.query(
        `select locktype from pg_locks join pg_database on oid = database where locktype = 'advisory' and datname = $1`,
        [name],
      )
      expect(rows).toEqual([])
    } finally {
      await direct.query(`drop database ${name} with (force)`)
      await direct.end()
      await pgBouncer.stop()
    }
  })
})
