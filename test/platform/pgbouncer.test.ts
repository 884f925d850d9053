import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { namedQuery } from '../../src/platform/database/fast-path/named-query.js'
import { migrateUp } from '../../src/platform/database/migrate.js'
import { Plugins } from '../../src/plugins.js'
import { PgBouncer, pgBouncerVersion } from '../support/pgbouncer.js'
import { TestServer } from '../support/kit.js'

const [major, minor] = pgBouncerVersion() ?? [0, 0]
const keepsStatements = major > 1 || minor >= 21
if (!major) console.warn('The tests behind PgBouncer are left out: there is no pgbouncer on the PATH.')

/** Who serves behind PgBouncer, and what PgBouncer needs for it. */
const ways: [string, boolean, { prepared: string; settings: Record<string, number> }][] = [
  ['without prepared statements', major > 0, { prepared: 'false', settings: {} }],
  [
    'with prepared statements, which it keeps',
    keepsStatements,
    { prepared: 'true', settings: { max_prepared_statements: 200 } },
  ],
]

for (const [way, possible, { prepared, settings }] of ways) {
  const describeIt = possible ? describe : describe.skip
  describeIt(`behind PgBouncer in transaction mode, ${way}`, () => {
    let pgBouncer: PgBouncer
    let server: TestServer
    beforeAll(async () => {
      pgBouncer = await PgBouncer.start(process.env.TEST_DATABASE_URL!, settings)
      server = await TestServer.start({
        ownDatabase: true,
        environment: { DATABASE_URL: pgBouncer.url, DATABASE_PREPARED_STATEMENTS: prepared },
      })
    })
    afterAll(async () => {
      await server?.close()
      await pgBouncer?.stop()
    })

    it('bounds the statements of a transaction, and leaves no bound behind for whoever has its connection next', async () => {
      const timeouts = namedQuery<{ statement: string; lock: string }>(
        'test.timeouts',
        `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`,
      )
      expect(await server.database.transaction((tx) => tx.query(timeouts, []))).toEqual([
        { statement: '10s', lock: '3s' },
      ])
      expect(await server.database.query(timeouts, [])).toEqual([{ statement: '0', lock: '0' }])
    })

    it('leaves alone a statement that takes long, although PostgreSQL knows its connection by another number', async () => {
      const sleeping = namedQuery<{ slept: string }>('test.sleeping', 'select pg_sleep(2)::text as slept')
      expect(await server.database.transaction((tx) => tx.query(sleeping, []))).toEqual([{ slept: '' }])
    })

    it('serves every request, whoever had its connection before', async () => {
      const lives = Array.from({ length: 12 }, async () => {
        const { owner, path, view } = await server.organization()
        const name = `Renamed ${randomUUID()}`
        const answers = [
          await owner.get(path),
          await owner.get('/api/organizations/?search=acme'),
          await owner.get('/api/organizations/@current/'),
          await owner.get(`${path}projects/`),
          await owner.get(`${path}integrations/`),
          await owner.get('/api/users/@me/'),
          await owner.patch(path, { name }),
          await owner.post('/api/organizations/', { name: view.name }),
          await owner.get(path),
          await owner.delete(path),
          await server.request('GET', path, { key: 'phx_no' }),
        ]
        expect(answers.at(-3)!.body).toMatchObject({ id: view.id, name })
        return answers.map(({ status }) => status)
      })
      for (const statuses of await Promise.all(lives)) {
        expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200, 201, 200, 204, 401])
      }
    })
  })
}

const describeIt = major ? describe : describe.skip
const { migrations } = new Plugins()

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
      const ran = await Promise.all(Array.from({ length: 5 }, () => migrateUp(database.toString(), migrations)))
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
