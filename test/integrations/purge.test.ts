import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { IntegrationInstallations, OrganizationsPurge, ProviderError, type StoredEvent } from '../../src/index.js'
import { integrationPurged } from '../../src/integrations/integration.events.js'
import { eventually, listening, type TestOrganization, TestServer } from '../support/kit.js'
import { PROVIDERS_WAIT } from '../support/providers-wait.js'
import { Watch } from '../support/planted.js'
import { json } from '../support/vercel.js'
import { BeaconProvider, install, LampProvider } from './beacon.js'
import { kindsOf } from '../support/plugin.js'

const server = new TestServer()
const watch = new Watch(server)
const heard: StoredEvent<unknown>[] = []
let billingAnswer: [status: number, body: unknown]
const billing = createServer((request, response) => {
  request.resume()
  json(response, ...billingAnswer)
})
let organization: TestOrganization
let beacon: BeaconProvider

beforeAll(async () => {
  billing.listen(0, '127.0.0.1')
  await once(billing, 'listening')
  await server.start({
    plugins: [
      kindsOf(BeaconProvider, LampProvider),
      listening((listeners) =>
        listeners.on({ name: 'test', events: [integrationPurged] }, async (event) => void heard.push(event)),
      ),
    ],
    ownDatabase: true,
    environment: { BILLING_GATE_URL: `http://127.0.0.1:${(billing.address() as AddressInfo).port}` },
  })
  await watch.start()
})
afterAll(async () => {
  await server.close()
  billing.close()
})
beforeEach(async () => {
  billingAnswer = [200, { open_invoices: false }]
  organization = await server.organization()
  beacon = server.application.get(BeaconProvider)
  beacon.during = async () => undefined
})

/** Deletes the organization and lets its grace period pass. */
async function purge(): Promise<void> {
  await organization.owner.delete(organization.path)
  await server.database.dataSource.query(
    "update organizations set deletion_requested_at = now() - interval '31 days' where id = $1",
    [organization.id],
  )
  expect(await server.application.get(OrganizationsPurge).run()).toContain(organization.id)
  expect((await organization.owner.get(organization.path)).status).toBe(404)
}

const waiting = (): Promise<{ attempts: number; last_error: string | null; sealed: string | null }[]> =>
  server.database.dataSource.query(
    `select attempts, last_error, (select sealed from integration_partings p where p.organization_id = $1 limit 1) as sealed
     from ${PROVIDERS_WAIT} where organization_id = $1`,
    [organization.id],
  )
const partings = () =>
  server.database.dataSource.query('select id from integration_partings where organization_id = $1', [organization.id])
const delivered = () => eventually(waiting, (rows) => rows.length === 0)
const failing = () => eventually(waiting, ([event]) => event !== undefined && event.attempts > 0)
const logged = (message: string) =>
  server.logLines.filter((line) => line.includes(message) && line.includes(organization.id))
const disconnections = (id: string) =>
  beacon.calls.filter(({ hook, integration }) => hook === 'disconnect' && integration.id === id)

const installed = async (installation: Parameters<typeof install>[2] = {}) => {
  const integration = await install(server, organization, installation)
  await integration.state('synced')
  return integration
}

describe('the purge of an organization', () => {
  it('ends its integrations at their providers, which get all that they need for it', async () => {
    const [linked, bought] = [await installed(), await installed({ config: { type: 'marketplace', room: 'attic' } })]
    await purge()
    await delivered()
    for (const { id } of [linked, bought]) expect(disconnections(id)).toHaveLength(1)
    expect(disconnections(linked.id)[0]!.integration).toMatchObject({
      organization_id: organization.id,
      id: linked.id,
      integration_id: expect.stringMatching(/^beacon-/),
      config: { type: 'connectable', room: 'attic', internal: 'planted-config' },
      secrets: { token: 'planted-secret' },
      created_by_id: organization.owner.row.id,
    })
    expect(logged('provider could not be told')).toEqual([])
  })

  it('is announced for each integration, and keeps nothing sealed once its provider knows', async () => {
    const [linked, bought] = [await installed(), await installed({ config: { type: 'marketplace' } })]
    await purge()
    await delivered()
    const events = await eventually(
      async () => heard.filter(({ organization_id }) => organization_id === organization.id),
      ({ length }) => length >= 2,
    )
    expect(events).toHaveLength(2)
    for (const [{ id }, isBought] of [
      [linked, false],
      [bought, true],
    ] as const)
      expect(events.find(({ item_id }) => item_id === id)).toMatchObject({
        payload: { kind: 'beacon', integration_id: expect.stringMatching(/^beacon-/), bought: isBought },
        by: { user: null, credential: { id: 'purge' } },
      })
    expect(await partings()).toEqual([])
  })

  it('tells a kind nothing that it does not want to know, and waits for a server that knows the kind', async () => {
    await installed({ kind: 'lamp', config: {} })
    const { id } = await install(server, organization, { kind: 'stone', config: {} })
    await purge()
    const [event] = await eventually(failing, ({ length }) => length === 1)
    expect(event).toMatchObject({ last_error: 'stone: this server does not know the kind' })
    expect(await partings()).toEqual([{ id }])
    const lines = logged('provider could not be told of a purge')
    expect(lines).not.toEqual([])
    expect(lines.every((line) => line.includes('"kind":"stone"'))).toBe(true)
  })

  it('waits for no provider that is down, and tells it when it is back; what waits is not readable', async () => {
    const { id } = await installed()
    beacon.during = async () => {
      throw new ProviderError('The room is locked.')
    }
    await purge()
    const [event] = await failing()
    expect(event).toMatchObject({ last_error: 'beacon: The room is locked.' })
    expect(event!.sealed).not.toMatch(/planted|^$/)
    const lines = logged('provider could not be told of a purge').join('')
    expect(lines).toContain(`"id":"${id}"`)
    expect(lines).not.toContain('planted')
    beacon.during = async () => undefined
    await delivered()
    expect(disconnections(id).length).toBeGreaterThan(1)
  })

  it('tells nobody of what is not kept any more', async () => {
    await installed()
    beacon.during = async () => {
      throw new ProviderError('Not now.')
    }
    await purge()
    await failing()
    await server.database.dataSource.query('delete from integration_partings where organization_id = $1', [
      organization.id,
    ])
    await delivered()
    expect(logged('end this integration at its provider by hand')).toEqual([])
  })

  it('is told for a month, and then left to the operator', async () => {
    const { id } = await installed({ integration_id: `left-${organization.id}` })
    beacon.during = async () => {
      throw new Error('gone for good')
    }
    await purge()
    const attempts = (await failing())[0]!.attempts
    const grow = (days: number) =>
      server.database.dataSource.query(
        `update events set created_at = now() - make_interval(days => $2) where organization_id = $1`,
        [organization.id, days],
      )
    await grow(29)
    await eventually(waiting, ([event]) => event !== undefined && event.attempts > attempts + 1)
    expect(logged('end this integration at its provider by hand')).toEqual([])
    await grow(31)
    await delivered()
    expect(disconnections(id).length).toBeGreaterThan(1)
    expect(logged('end this integration at its provider by hand')).toEqual([
      expect.stringContaining(`left-${organization.id}`),
    ])
  })

  it('takes nothing from whoever connected the same thing meanwhile', async () => {
    const integration_id = `again-${organization.id}`
    const { id } = await installed({ integration_id })
    beacon.during = async () => {
      throw new ProviderError('Not now.')
    }
    await purge()
    await failing()
    const told = disconnections(id).length
    const next = await install(server, await server.organization(), { integration_id })
    beacon.during = async () => undefined
    await delivered()
    expect(disconnections(id)).toHaveLength(told)
    expect(await server.application.get(IntegrationInstallations).find('beacon', integration_id)).toMatchObject({
      id: next.id,
    })
  })

  it('is kept by no secret that does not open any more, which the operator is told of', async () => {
    const { id } = await installed({ integration_id: `sealed-${organization.id}` })
    await server.database.dataSource.query(
      `update organization_integrations set sensitive_config = 'test.AAAA' where organization_id = $1`,
      [organization.id],
    )
    await purge()
    await delivered()
    expect(disconnections(id)).toEqual([])
    expect(logged('end this integration at its provider by hand')).toEqual([
      expect.stringContaining(`sealed-${organization.id}`),
    ])
  })

  it('is kept by no invoice, which is in the log', async () => {
    billingAnswer = [200, { open_invoices: true }]
    const { id } = await installed({ config: { type: 'marketplace' } })
    const linked = await installed()
    await purge()
    await delivered()
    for (const ended of [id, linked.id]) expect(disconnections(ended)).toHaveLength(1)
    expect(logged('a purged integration has unpaid invoices')).toEqual([expect.stringContaining(id)])
  })

  it('is kept by no billing that does not know', async () => {
    // Not 5xx, which would open the circuit for later tests.
    billingAnswer = [404, {}]
    const { id } = await installed({ config: { type: 'marketplace' } })
    await purge()
    await delivered()
    expect(disconnections(id)).toHaveLength(1)
    expect(logged('unpaid invoices')).toEqual([])
  })

  it('ends however many there are, each at its provider', async () => {
    await server.database.dataSource.query(
      `insert into organization_integrations (organization_id, id, kind, integration_id)
       select $1::uuid, gen_random_uuid(), 'beacon', n::text || '-' || $2::text from generate_series(1, 250) n`,
      [organization.id, organization.id],
    )
    await purge()
    await delivered()
    const ended = beacon.calls.filter(
      ({ hook, integration }) => hook === 'disconnect' && integration.organization_id === organization.id,
    )
    expect(new Set(ended.map(({ integration }) => integration.integration_id)).size).toBe(250)
  })
})
