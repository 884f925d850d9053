import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { NestFactory } from '@nestjs/core'
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { run } from '../../src/server/cli/run.js'
import { Database, defineEvent, EventListeners, loadConfig, Plugins, type StoredEvent } from '../../src/index.js'
import { ServerModule } from '../../src/server/server.module.js'
import { EventLog } from '../../src/platform/events/event-log.js'
import { EventRetention } from '../../src/platform/events/event-retention.js'
import { GENESIS, sealOf } from '../../src/platform/events/event-seal.js'
import type { LoggedEvent } from '../../src/platform/events/events.queries.js'
import {
  eventually,
  listening,
  newTestDatabase,
  testActor,
  type TestDatabase,
  testEnvironment,
  TestServer,
} from '../support/kit.js'

const number = z.strictObject({ number: z.int() })
const widgetCreated = defineEvent('widget.created', 'A widget was made.', number)
const widgetUpdated = defineEvent('widget.updated', 'A widget changed.', number)
const widgetBroken = defineEvent('widget.broken', 'A widget broke.', number)
const widgetMoved = defineEvent('widget.moved', 'A widget is elsewhere.', number)
type WidgetEvent = typeof widgetCreated

/** Two servers on one database, as during an upgrade: the newer has listeners that the older does not know. */
const [older, newer] = [new TestServer(), new TestServer()]
const heard: { name: string; event: StoredEvent<{ number: number }> }[] = []
let ill = true
let stumbles = 1
let database: TestDatabase

const note = (name: string) => async (event: StoredEvent<{ number: number }>) => void heard.push({ name, event })

const onBoth = (listeners: EventListeners) => {
  listeners.on({ name: 'widgets.index', events: [widgetCreated, widgetBroken] }, note('index'))
  listeners.on({ name: 'widgets.ill', events: [widgetBroken] }, async (event) => {
    if (ill) throw new Error('not now')
    await note('ill')(event)
  })
}
const onNewer = (listeners: EventListeners) => {
  onBoth(listeners)
  listeners.on({ name: 'widgets.mail', events: [widgetUpdated] }, note('mail'))
  listeners.on({ name: 'widgets.ledger', events: [widgetMoved], ordered: true }, async (event) => {
    if (event.payload.number === 0 && stumbles-- > 0) throw new Error('not yet')
    await note('ledger')(event)
  })
}

beforeAll(async () => {
  database = await newTestDatabase(process.env.TEST_DATABASE_URL)
  const environment = { DATABASE_URL: database.url }
  await older.start({ environment, plugins: [listening(onBoth)] })
  await newer.start({ environment, plugins: [listening(onNewer)] })
})
afterAll(async () => {
  for (const server of [older, newer]) await server.close()
  await database.close()
})

const query = (statement: string, values: unknown[] = []) => older.database.dataSource.query(statement, values)

/** @returns the organization of the new events */
async function announce(type: WidgetEvent, count = 1, organization = randomUUID() as string): Promise<string> {
  await older.database.transaction(async (tx) => {
    for (let each = 0; each < count; each++)
      tx.publish(type(testActor(organization), { item_id: each, payload: { number: each } }))
  })
  return organization
}

type Logged = LoggedEvent & { seq: number; hash: Buffer }

const heardBy = (name: string, organization: string) =>
  heard.filter((entry) => entry.name === name && entry.event.organization_id === organization)
const hears = (name: string, organization: string, count: number) =>
  eventually(
    async () => heardBy(name, organization),
    (entries) => entries.length >= count,
  )
const numbers = (entries: typeof heard) => entries.map(({ event }) => event.payload.number)
const waiting = (organization: string) =>
  query('select subscription, attempts, last_error, failed_at from event_deliveries where organization_id = $1', [
    organization,
  ])
const settled = (organization: string) =>
  eventually(
    () => waiting(organization),
    (rows) => rows.length === 0,
  )
const logged = (organization: string): Promise<Logged[]> =>
  query(
    `select organization_id, id, type, item_id, payload::text as payload, changes::text as changes, user_id,
       credential_kind, credential_id, request_id, seq::integer as seq, hash,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at
     from events where organization_id = $1 order by seq`,
    [organization],
  )
const sealed = (organization: string, count: number) =>
  eventually(
    () => logged(organization),
    (rows) => rows.length === count && rows.every(({ seq }) => seq !== null),
  )

describe('the log', () => {
  it('says who did what, with what and from where', async () => {
    const { owner, id, path } = await older.organization()
    await owner.patch(path, { name: 'Renamed' })
    const rows = await sealed(id, 4)
    expect(rows.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['organization.created', 'project.created', 'member.joined', 'organization.updated']),
    )
    const [updated] = await query(
      `select user_id, credential_kind, host(ip) as ip, user_agent, changes from events
       where organization_id = $1 and type = 'organization.updated'`,
      [id],
    )
    expect(updated).toEqual({
      user_id: owner.row.id,
      credential_kind: 'personal_key',
      ip: '127.0.0.1',
      user_agent: expect.any(String),
      changes: { name: { before: expect.any(String), after: 'Renamed' } },
    })
  })

  it('numbers the events of each organization without gaps and chains them, whichever server seals them', async () => {
    const organization = randomUUID()
    await Promise.all(
      Array.from({ length: 20 }, (_, each) =>
        [older, newer][each % 2]!.database.transaction(async (tx) =>
          tx.publish(widgetUpdated(testActor(organization), { payload: { number: each } })),
        ),
      ),
    )
    const rows = await sealed(organization, 20)
    let before: Buffer = GENESIS
    for (const [index, row] of rows.entries()) {
      expect(row.seq).toBe(index + 1)
      expect(row.hash).toEqual(sealOf(row, row.seq, before))
      before = row.hash
    }
  })

  it('keeps nothing of a transaction that was rolled back', async () => {
    const organization = randomUUID()
    const undone = older.database.transaction(async (tx) => {
      tx.publish(widgetCreated(testActor(organization), { payload: { number: 1 } }))
      throw new Error('undone')
    })
    await expect(undone).rejects.toThrow('undone')
    expect(await logged(organization)).toEqual([])
  })

  it('refuses an event that is not as it was defined', async () => {
    const wrong = { payload: { number: 'one' } as unknown as { number: number } }
    expect(() => widgetCreated(testActor(randomUUID()), wrong)).toThrow('expected number')
  })
})

describe('two servers of different versions', () => {
  it('lose no event that only the newer one hears, and deliver each once', async () => {
    const organization = await announce(widgetUpdated, 30)
    await hears('mail', organization, 30)
    await settled(organization)
    expect(numbers(heardBy('mail', organization)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, i) => i),
    )
  })

  it('deliver what both hear once', async () => {
    const organization = await announce(widgetCreated, 40)
    await hears('index', organization, 40)
    await settled(organization)
    expect(heardBy('index', organization)).toHaveLength(40)
  })
})

describe('a listener that throws', () => {
  it('starves no other, makes none hear twice, and hears the event when it is well again', async () => {
    ill = true
    const organization = await announce(widgetBroken)
    await hears('index', organization, 1)
    await eventually(
      () => waiting(organization),
      ([delivery]) => delivery?.attempts > 1,
    )
    expect(await waiting(organization)).toMatchObject([{ subscription: 'widgets.ill', last_error: 'not now' }])
    expect(heardBy('index', organization)).toHaveLength(1)
    ill = false
    await hears('ill', organization, 1)
    await settled(organization)
  })

  it('is given up in the end, and hears the event when an operator says so', async () => {
    ill = true
    const organization = await announce(widgetBroken)
    await eventually(
      () => waiting(organization),
      ([delivery]) => delivery?.attempts > 0,
    )
    await query('update event_deliveries set attempts = 500, available_at = now() where organization_id = $1', [
      organization,
    ])
    await eventually(
      () => waiting(organization),
      ([delivery]) => delivery?.failed_at !== null,
    )
    ill = false
    const output: string[] = []
    const config = loadConfig({ ...testEnvironment(), DATABASE_URL: database.url })
    const print = { out: (text: string) => void output.push(text), err: () => undefined }
    const polity = (...args: string[]) => run(args, { output: print, config })
    expect(await polity('events', 'failed', '--json')).toBe(0)
    expect(JSON.parse(output.join(''))).toMatchObject([
      { organization_id: organization, subscription: 'widgets.ill', type: 'widget.broken', last_error: 'not now' },
    ])
    expect(await polity('events', 'retry', '--listener', 'widgets.ill')).toBe(0)
    await hears('ill', organization, 1)
    await settled(organization)
  })
})

describe('a listener that asks for order', () => {
  it('hears the events of an organization one after the other, also when one fails first', async () => {
    const organization = await announce(widgetMoved, 5)
    await hears('ledger', organization, 5)
    expect(numbers(heardBy('ledger', organization))).toEqual([0, 1, 2, 3, 4])
  })
})

describe('an event that is older than the operator keeps', () => {
  it('goes, unless somebody waits for it; what is left can still be verified', async () => {
    const organization = await announce(widgetUpdated, 3)
    await settled(organization)
    await announce(widgetUpdated, 1, organization)
    const rows = await sealed(organization, 4)
    await settled(organization)
    await query(`update events set created_at = now() - interval '401 days' where organization_id = $1 and seq <= 3`, [
      organization,
    ])
    await query(
      `insert into event_deliveries (organization_id, subscription, event_id, seq) values ($1, 'elsewhere', $2, 3)`,
      [organization, rows[2]!.id],
    )
    await older.application.get(EventRetention).run()
    expect((await logged(organization)).map(({ seq }) => seq)).toEqual([3, 4])
    const [head] = await query('select kept_after::integer, kept_hash from event_heads where organization_id = $1', [
      organization,
    ])
    expect(head).toEqual({ kept_after: 2, kept_hash: rows[1]!.hash })
  })
})

describe('a listener that is registered wrongly', () => {
  it('keeps the server from starting when its name is taken', async () => {
    const twice = (listeners: EventListeners) => {
      for (let time = 0; time < 2; time++) listeners.on({ name: 'same', events: [widgetCreated] }, note('same'))
    }
    await expect(TestServer.start({ plugins: [listening(twice)] })).rejects.toThrow(
      'Two listeners are named same: rename one of them.',
    )
  })

  it('is refused when it comes after the start', () => {
    const late = () => older.application.get(EventListeners).on({ name: 'late', events: [widgetCreated] }, note('late'))
    expect(late).toThrow('The listener late came too late: register it in onModuleInit.')
  })
})

describe('a command', () => {
  it('leaves events to servers, because it has none of their extensions', async () => {
    const own = await newTestDatabase(process.env.TEST_DATABASE_URL)
    const config = loadConfig({ ...testEnvironment(), DATABASE_URL: own.url, LOG_LEVEL: 'silent' })
    // A server's log wakes when it starts, when something is published, and every second.
    const wake = jest.spyOn(EventLog.prototype, 'wake')
    const services = await NestFactory.createApplicationContext(ServerModule.with(config, new Plugins()), {
      logger: false,
    })
    const on = services.get(Database)
    await on.transaction(async (tx) => tx.publish(widgetCreated(testActor(randomUUID()), { payload: { number: 1 } })))
    expect(wake.mock.contexts.includes(services.get(EventLog))).toBe(false)
    wake.mockRestore()
    expect(await on.dataSource.query('select seq from events')).toEqual([{ seq: null }])
    await services.close()
    await own.close()
  })
})
