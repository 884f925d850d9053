import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { NestFactory } from '@nestjs/core'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppModule, Database, EventListeners, loadConfig } from '../../src/index.js'
import { Outbox } from '../../src/platform/events/outbox.js'
import { eventually, newTestDatabase, type TestDatabase, testEnvironment, TestServer } from '../support/kit.js'

/** Two servers on one database, as during an upgrade, and what each of their listeners heard. */
const [older, newer] = [new TestServer(), new TestServer()]
const heard: string[] = []
let database: TestDatabase

beforeAll(async () => {
  database = await newTestDatabase(process.env.TEST_DATABASE_URL)
  for (const server of [older, newer]) await server.start({ environment: { DATABASE_URL: database.url } })
})
afterAll(async () => {
  for (const server of [older, newer]) await server.close()
  await database.close()
})

const query = (statement: string, values: unknown[] = []) => older.database.dataSource.query(statement, values)

const idOf = ({ id }: { id: string }) => id

/** @returns the ids of the events of the type, with `count` new ones */
async function announce(type: string, count = 1): Promise<string[]> {
  await older.database.transaction(async (tx) => {
    for (let number = 0; number < count; number++)
      await tx.publish({ type, organization_id: randomUUID(), payload: {} })
  })
  const rows: { id: string }[] = await query('select id from outbox where type = $1', [type])
  return rows.map(idOf)
}

/** Registers a listener, which first does `work`. */
const listen = (server: TestServer, type: string, name: string, work = async () => undefined as void) =>
  server.application.get(EventListeners).on(type, name, async ({ id }) => {
    await work()
    heard.push(`${name} ${id}`)
  })

const deliver = (server: TestServer) => server.application.get(Outbox).deliver()
const unsettled = (type: string) =>
  query('select id, attempts, last_error, delivered_to from outbox where type = $1 and settled_at is null', [type])
const settled = (type: string) =>
  eventually(
    () => unsettled(type),
    (rows) => rows.length === 0,
  )
const waitingForLocks = () =>
  query(`select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
const heardOf = (ids: string[]) => heard.filter((entry) => ids.includes(entry.split(' ')[1]!)).sort()

describe('two servers of different versions', () => {
  it('lose no event that only the newer one hears', async () => {
    const type = 'widget.created'
    const ids = await announce(type, 30)
    // Longer ago than servers wait for others to hear it.
    await query(`update outbox set available_at = now() - interval '1 minute' where type = $1`, [type])
    await settled(type)
    listen(newer, type, 'widgets')
    await deliver(newer)
    await eventually(
      async () => heardOf(ids),
      (entries) => entries.length >= 30,
    )
    expect(heardOf(ids)).toEqual(ids.map((id) => `widgets ${id}`).sort())
    await settled(type)
  })

  it('tell the listener that only the newer one has, and the others no second time', async () => {
    const type = 'widget.updated'
    for (const server of [older, newer]) listen(server, type, 'index')
    const ids = await announce(type, 3)
    await settled(type)
    listen(newer, type, 'mail')
    await deliver(newer)
    await eventually(
      async () => heardOf(ids),
      (entries) => entries.length >= 6,
    )
    await settled(type)
    await deliver(older)
    expect(heardOf(ids)).toEqual([...ids.map((id) => `index ${id}`), ...ids.map((id) => `mail ${id}`)].sort())
  })
})

describe('two servers of one version', () => {
  it('deliver each event once, and wait for none that somebody else holds', async () => {
    const type = 'widget.deleted'
    for (const server of [older, newer]) listen(server, type, 'stock')
    await query(
      `insert into outbox (id, type, organization_id, payload, available_at)
       select gen_random_uuid(), $1, gen_random_uuid(), '{}', now() + interval '1 second' from generate_series(1, 20)`,
      [type],
    )
    const holder = older.database.dataSource.createQueryRunner()
    await holder.startTransaction()
    const held = (await holder.query('select id from outbox where type = $1 for update', [type])).map(idOf)
    await eventually(
      () => query('select 1 from outbox where type = $1 and available_at > now()', [type]),
      (early) => early.length === 0,
    )
    const free = (await announce(type)).filter((id) => !held.includes(id))
    await eventually(
      async () => heardOf(free),
      (entries) => entries.length === 1,
    )
    const deliveries = Promise.all([deliver(older), deliver(newer)])
    await Promise.race([deliveries, eventually(waitingForLocks, (waiting) => waiting.length > 1)])
    await holder.commitTransaction()
    await holder.release()
    await deliveries
    await settled(type)
    expect(heardOf([...held, ...free])).toEqual([...held, ...free].map((id) => `stock ${id}`).sort())
  })
})

describe('an event whose listener failed for a day where nobody hears it any more', () => {
  it('is settled, and kept for a day', async () => {
    const type = 'widget.left'
    for (const age of ['25 hours', '23 hours'])
      await query(
        `insert into outbox (id, type, organization_id, payload, attempts, available_at)
         values (gen_random_uuid(), $1, gen_random_uuid(), '{}', 1, now() - $2::interval)`,
        [type, age],
      )
    await deliver(older)
    expect(await query('select settled_at is null as waits from outbox where type = $1 order by 1', [type])).toEqual([
      { waits: false },
      { waits: true },
    ])
  })
})

describe('a listener that throws', () => {
  it('starves no other, makes none hear twice, and hears the event when it is well again', async () => {
    const type = 'widget.broken'
    let ill = true
    listen(older, type, 'before')
    listen(older, type, 'ill', async () => {
      if (ill) throw new Error('not now')
    })
    listen(older, type, 'after')
    const [id] = await announce(type)
    const [waiting] = await eventually(
      () => unsettled(type),
      ([event]) => event?.attempts > 1,
    )
    expect(waiting).toMatchObject({ last_error: 'not now', delivered_to: expect.arrayContaining(['before', 'after']) })
    expect(heardOf([id!])).toEqual([`after ${id}`, `before ${id}`])
    ill = false
    await settled(type)
    expect(heardOf([id!])).toEqual([`after ${id}`, `before ${id}`, `ill ${id}`])
  })
})

describe('an event that was delivered', () => {
  it('stays for a day, is delivered to nobody again, and then goes', async () => {
    const type = 'widget.kept'
    listen(older, type, 'archive')
    const [young, old] = await announce(type, 2)
    await settled(type)
    for (const [id, hours] of [
      [young, 23],
      [old, 25],
    ] as const)
      await query('update outbox set settled_at = now() - make_interval(hours => $2) where id = $1', [id, hours])
    await deliver(older)
    expect(await query('select id from outbox where type = $1', [type])).toEqual([{ id: young }])
    expect(heardOf([young!, old!])).toHaveLength(2)
  })
})

describe('two listeners of one name', () => {
  it('are refused, because the outbox could not tell them apart', () => {
    listen(older, 'widget.named', 'same')
    expect(() => listen(older, 'widget.named', 'same')).toThrow('Two listeners of widget.named are named same.')
    listen(older, 'widget.renamed', 'same')
  })
})

describe('a command', () => {
  it('leaves events to servers, because it has none of their extensions', async () => {
    const own = await newTestDatabase(process.env.TEST_DATABASE_URL)
    const config = loadConfig({ ...testEnvironment(), DATABASE_URL: own.url, LOG_LEVEL: 'silent' })
    const services = await NestFactory.createApplicationContext(AppModule.with(config), { logger: false })
    const { dataSource } = services.get(Database)
    // One that Polity itself hears, and one that only an extension does.
    await dataSource.query(
      `insert into outbox (id, type, organization_id, payload) select gen_random_uuid(), type, gen_random_uuid(), '{}'
       from unnest(array['organization_integration.installed', 'widget.created']) type`,
    )
    await sleep(2_500)
    expect(await dataSource.query('select available_at = created_at as untouched, settled_at from outbox')).toEqual(
      Array(2).fill({ untouched: true, settled_at: null }),
    )
    await services.close()
    await own.close()
  })
})
