import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { migrateUp, underMigrationLock } from '../../src/platform/database/migrate.js'
import { Plugins } from '../../src/plugins.js'
import { eventually, newTestDatabase, type TestDatabase } from '../support/kit.js'

const BOUND_MS = 1_000
const { migrations } = new Plugins()

describe('a migration, where the database bounds statements, locks and transactions,', () => {
  let database: TestDatabase
  let somebody: pg.Client
  beforeAll(async () => {
    database = await newTestDatabase(process.env.TEST_DATABASE_URL)
    somebody = new pg.Client(database.url)
    await somebody.connect()
  })
  afterAll(async () => {
    await somebody.end()
    await database.close()
  })

  it('waits for a lock longer than these', async () => {
    await underMigrationLock(database.url, migrations, (dataSource) => dataSource.undoLastMigration())
    const { rows } = await somebody.query(
      `select current_database() as name, array(select name from pg_settings
         where name ~ '^(statement|lock|idle_in_transaction_session|transaction)_timeout$') as bounds`,
    )
    const [{ name, bounds }] = rows as [{ name: string; bounds: string[] }]
    expect(bounds.length).toBeGreaterThanOrEqual(3)
    for (const bound of bounds) await somebody.query(`alter database ${name} set ${bound} = ${BOUND_MS}`)
    await somebody.query('begin; lock table migrations in share mode')
    const migrating = migrateUp(database.url, migrations)
    await eventually(
      async () => (await somebody.query(waits, [2 * BOUND_MS])).rowCount,
      (count) => count === 1,
    )
    await somebody.query('rollback')
    expect(await migrating).toEqual([migrations.at(-1)!.name])
  })
})

/** Who has waited for a lock for so many milliseconds. */
const waits = `select 1 from pg_locks where not granted and clock_timestamp() - waitstart > make_interval(secs => $1 / 1000.0)
  and database = (select oid from pg_database where datname = current_database())`
