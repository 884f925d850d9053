import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { NestFactory } from '@nestjs/core'
import { randomUUID } from 'node:crypto'
import { loadConfig, OrganizationsPurge, Plugins } from '../../src/index.js'
import { organizationPurged } from '../../src/organizations/organization.events.js'
import { ServerModule } from '../../src/server/server.module.js'
import {
  deferred,
  eventually,
  expectError,
  newTestDatabase,
  testActor,
  type TestDatabase,
  testEnvironment,
  type TestOrganization,
  TestServer,
  useServer,
} from '../support/kit.js'

const server = useServer()

describe('the purge', () => {
  it('removes an organization whose time is over with all that belongs to it, frees its slug, and leaves the others', async () => {
    const [due, pending, alive] = [
      await server.organization(),
      await server.organization(),
      await server.organization(),
    ]
    await due.member()
    for (const organization of [due, pending]) await organization.owner.delete(organization.path)
    await server.database.dataSource.query(
      "update organizations set deletion_requested_at = now() - interval '31 days' where id = $1",
      [due.id],
    )
    const late = await due.owner.post(`${due.path}restore/`)
    expectError(late, 404, 'not_found', 'Not found.')
    expect(await server.application.get(OrganizationsPurge).run()).toContain(due.id)
    expectError(await due.owner.get(due.path), 404, 'not_found', 'Not found.')
    expect((await due.owner.get('/api/organizations/')).body.count).toBe(0)
    for (const table of ['organization_memberships', 'projects', 'user_organizations', 'organization_slugs']) {
      const rows = await server.database.dataSource.query(`select 1 from ${table} where organization_id = $1`, [due.id])
      expect(rows).toEqual([])
    }
    const again = await alive.owner.post('/api/organizations/', { name: due.view.name })
    expect(again.body.slug).toBe(due.view.slug)
    expect((await pending.reload()).is_pending_deletion).toBe(true)
    expect((await alive.reload()).id).toBe(alive.id)
  })
})

describe('the purge on a database of its own', () => {
  const own = useServer({ ownDatabase: true })
  const query = (sql: string, ...values: unknown[]) => own.database.dataSource.query(sql, values)
  const run = () => own.application.get(OrganizationsPurge).run()

  it('clears what an older server left in the directories of an organization that is gone, and of no other', async () => {
    const { id: alive, owner } = await own.organization()
    const gone = randomUUID()
    for (const id of [alive, gone])
      await own.database.transaction(async (tx) => {
        tx.publish(organizationPurged(testActor(id), { item_id: id }))
      })
    const unsealed = () => query('select 1 from events where type = $1 and seq is null', organizationPurged.type)
    await eventually(unsealed, (events) => events.length === 0)
    await query('insert into organization_slugs (slug, organization_id) values ($1, $2)', `left-${gone}`, gone)
    await query(
      'insert into user_organizations (user_id, organization_id, organization_created_at) values ($1, $2, now())',
      owner.row.id,
      gone,
    )
    await run()
    for (const table of ['organization_slugs', 'user_organizations']) {
      expect(await query(`select 1 from ${table} where organization_id = $1`, gone)).toEqual([])
      expect(await query(`select 1 from ${table} where organization_id = $1`, alive)).toHaveLength(1)
    }
  })

  it('ends the grace period for good when it begins, whatever the setting becomes', async () => {
    const { id, owner, path } = await own.organization()
    await owner.delete(path)
    await query("update organizations set deletion_requested_at = now() - interval '31 days' where id = $1", id)
    const seen: unknown[] = []
    own.application.get(OrganizationsPurge).before(async (tx, purged) => {
      const read = 'select deletion_requested_at from organizations where id = $1'
      if (purged === id) seen.push(...(await tx.manager.query<unknown[]>(read, [id])))
      return 0
    })
    expect(await run()).toEqual([id])
    expect(seen).toEqual([{ deletion_requested_at: new Date(0) }])
  })
})

describe('what a server remembers of access', () => {
  const remembering = useServer({ ownDatabase: true, environment: { AUTH_CACHE_TTL_MS: '60000' } })

  it('is forgotten with the purge', async () => {
    const { owner, path, id } = await remembering.organization()
    await owner.delete(path)
    const pending = await owner.get(`${path}projects/`)
    expectError(pending, 403, 'permission_denied', 'Your organization is being deleted.')
    await remembering.database.dataSource.query(
      "update organizations set deletion_requested_at = now() - interval '31 days' where id = $1",
      [id],
    )
    expect(await remembering.application.get(OrganizationsPurge).run()).toEqual([id])
    expectError(await owner.get(`${path}projects/`), 404, 'not_found', 'Organization not found.')
  })
})

describe('once a minute', () => {
  let database: TestDatabase
  let server: TestServer
  let due: TestOrganization

  /** Starts something, and tells what it will do once a minute. */
  async function everyMinute<Started>(start: () => Promise<Started>): Promise<[Started, pass: () => void]> {
    const intervals = jest.spyOn(globalThis, 'setInterval')
    try {
      const started = await start()
      const minutely = intervals.mock.calls.filter(([, delay]) => delay === 60_000)
      return [started, () => minutely.forEach(([work]) => work())]
    } finally {
      intervals.mockRestore()
    }
  }
  const startServer = () => TestServer.start({ environment: { DATABASE_URL: database.url } })
  const logged = (at: TestServer, sentence: string) => at.logLines.filter((line) => line.includes(sentence))
  const left = () => server.database.dataSource.query('select id from organizations')

  beforeEach(async () => {
    database = await newTestDatabase(process.env.TEST_DATABASE_URL)
    server = await startServer()
    due = await server.organization()
    await due.owner.delete(due.path)
    await server.database.dataSource.query(`update organizations set deletion_requested_at = to_timestamp(0)`)
  })
  afterEach(async () => {
    await server.close()
    await database.close()
  })

  it('a server purges, also when the purge before could not', async () => {
    const [purging, pass] = await everyMinute(startServer)
    await server.database.dataSource.query('alter table organizations rename to elsewhere')
    pass()
    const [failure] = await eventually(
      async () => logged(purging, 'purge will be tried again'),
      (lines) => lines.length > 0,
    )
    expect(JSON.parse(failure!).err.message).toContain('"organizations" does not exist')
    await server.database.dataSource.query('alter table elsewhere rename to organizations')
    expect(await left()).toEqual([{ id: due.id }])
    pass()
    await eventually(left, (rows: unknown[]) => rows.length === 0)
    await purging.close()
  })

  it('a server purges, and ends only after the purge that it has begun', async () => {
    const [ending, pass] = await everyMinute(startServer)
    const begun = deferred()
    ending.application.get(OrganizationsPurge).before(async (tx) => {
      begun.resolve()
      // Long enough for a server that did not wait to take the connections away.
      await tx.manager.query('select pg_sleep(0.5)')
      return 0
    })
    pass()
    await begun.promise
    await ending.close()
    expect(await left()).toEqual([])
  })

  it('a command does nothing, because it has none of a server’s extensions', async () => {
    const config = loadConfig({ ...testEnvironment(), DATABASE_URL: database.url, LOG_LEVEL: 'silent' })
    const [command, pass] = await everyMinute(() =>
      NestFactory.createApplicationContext(ServerModule.with(config, new Plugins()), { logger: false }),
    )
    pass()
    await command.close()
    expect(await left()).toEqual([{ id: due.id }])
  })
})
