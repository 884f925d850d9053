import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { run } from '../../src/server/cli/run.js'
import {
  IntegrationInstallations,
  loadConfig,
  OrganizationsPurge,
  ProviderError,
  SecretsRewrap,
  StartError,
} from '../../src/index.js'
import { OneTimeTokens } from '../../src/platform/secrets/one-time-tokens.js'
import {
  disconnected,
  eventually,
  newTestDatabase,
  type TestDatabase,
  testEnvironment,
  type TestOrganization,
  TestServer,
} from '../support/kit.js'
import { BeaconProvider, install } from './beacon.js'
import { kindsOf } from '../support/plugin.js'

const key = (id: string) => `${id}:${Buffer.alloc(32, id).toString('base64')}`

let database: TestDatabase
const servers: TestServer[] = []

// A database for each test: what one sealed with its keys, the server of another could not open.
beforeEach(async () => {
  database = await newTestDatabase(process.env.TEST_DATABASE_URL)
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  await database.close()
})

/** A server on the database of the test. */
async function serverWith(...keys: string[]): Promise<TestServer> {
  const environment = { DATABASE_URL: database.url, INTEGRATION_ENCRYPTION_KEYS: keys.map(key).join(',') }
  const server = await TestServer.start({ plugins: [kindsOf(BeaconProvider)], environment })
  servers.push(server)
  return server
}

const rewrap = (...keys: string[]) => rewrapOf(database, ...keys)

async function rewrapOf({ url }: TestDatabase, ...keys: string[]) {
  const lines: string[] = []
  const output = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text) }
  const variables = {
    ...testEnvironment(),
    DATABASE_URL: url,
    INTEGRATION_ENCRYPTION_KEYS: keys.map(key).join(','),
  }
  const code = await run(['secrets', 'rewrap', '--json'], { output, config: loadConfig(variables) })
  return { code, lines }
}

const sealedBy = async (server: TestServer): Promise<Record<string, number>> => {
  const rows: { id: string; count: number }[] = await server.database.dataSource.query(
    `select split_part(sensitive_config, '.', 1) as id, count(*)::integer from organization_integrations group by 1`,
  )
  return Object.fromEntries(rows.map(({ id, count }) => [id, count]))
}

const tokens = async (server: TestServer, organization: TestOrganization, ids: string[]) => {
  const opened = await Promise.all(
    ids.map((id) => server.application.get(IntegrationInstallations).find('beacon', `${organization.id}/${id}`)),
  )
  return opened.map((integration) => integration!.secrets.token)
}

describe('the secrets of integrations', () => {
  it('are not readable in the database, and bound to their row', async () => {
    const server = await serverWith('old')
    const organization = await server.organization()
    const [one, other] = [await install(server, organization), await install(server, organization)]
    const query = (text: string) => server.database.dataSource.query(text)
    for (const table of ['organization_integrations', 'events', 'integration_directory']) {
      const rows: { row: string }[] = await query(`select to_jsonb(t)::text as row from ${table} t`)
      expect(rows.map(({ row }) => row).join()).not.toContain('planted-secret')
    }
    const [{ sensitive_config }] = await query(
      `select sensitive_config from organization_integrations where id = '${one.id}'`,
    )
    expect(sensitive_config).toMatch(/^old\.[\w-]+$/)

    await query(
      `update organization_integrations set sensitive_config = '${sensitive_config}' where id = '${other.id}'`,
    )
    await one.state('synced')
    const { owner } = organization
    expect((await owner.get(`${one.path}health/`)).body).toMatchObject({ healthy: true })
    expect(await owner.get(`${other.path}health/`)).toMatchObject({
      status: 200,
      body: { healthy: false, detail: 'An unexpected error occurred.' },
    })
    expect(server.application.get(BeaconProvider).hooksOf(other.id)).not.toContain('health')
    expect((await owner.get(`${organization.path}integrations/`)).body.count).toBe(2)
    for (const { path } of [one, other]) expect((await owner.delete(path)).status).toBe(204)
  })

  it('move to the current key with polity secrets rewrap, which can be ended anywhere and run again', async () => {
    const [before, both] = [await serverWith('old'), await serverWith('new', 'old')]
    const organization = await before.organization()
    const ids = Array.from({ length: 230 }, (_, index) => String(index))
    for (const id of ids)
      await install(before, organization, { integration_id: `${organization.id}/${id}`, secrets: { token: `t-${id}` } })
    expect(await sealedBy(both)).toEqual({ old: 230 })
    const expected = ids.map((id) => `t-${id}`)
    expect(await tokens(both, organization, ids)).toEqual(expected)

    const ended = both.application.get(SecretsRewrap).run(() => {
      throw new Error('ended')
    })
    await expect(ended).rejects.toThrow('ended')
    expect(await sealedBy(both)).toEqual({ new: 100, old: 130 })
    expect(await tokens(both, organization, ids)).toEqual(expected)

    const rest = '130 secrets of integrations are sealed'
    await expect(serverWith('new')).rejects.toThrow(StartError)
    await expect(serverWith('new')).rejects.toThrow(
      `INTEGRATION_ENCRYPTION_KEYS lacks the key "old", under which ${rest}`,
    )
    expect(await rewrap('new')).toMatchObject({ code: 1, lines: [expect.stringContaining('lacks the key \\"old\\"')] })

    expect(await rewrap('new', 'old')).toEqual({
      code: 0,
      lines: [JSON.stringify({ moved: 130 })],
    })
    expect(await sealedBy(both)).toEqual({ new: 230 })
    expect(await rewrap('new', 'old')).toMatchObject({ code: 0, lines: [JSON.stringify({ moved: 0 })] })
    expect(await tokens(await serverWith('new'), organization, ids)).toEqual(expected)
  })
  it('move too where they wait: for a provider to be told of a purge, and for a link to be followed', async () => {
    const own = await newTestDatabase(process.env.TEST_DATABASE_URL)
    const start = (...keys: string[]) =>
      TestServer.start({
        plugins: [kindsOf(BeaconProvider)],
        environment: { DATABASE_URL: own.url, INTEGRATION_ENCRYPTION_KEYS: keys.map(key).join(',') },
      })
    const before = await start('old')
    before.application.get(BeaconProvider).during = async () => {
      throw new ProviderError('Not now.')
    }
    const organization = await before.organization()
    await install(before, organization)
    const oneTime = before.application.get(OneTimeTokens)
    const link = await oneTime.issue('link', { token: 'planted-secret' }, 3_600_000)
    // What nobody can redeem any more needs no key.
    await oneTime.issue('over', {}, 3_600_000)
    await before.database.dataSource.query(`update one_time_tokens set expires_at = now() where purpose = 'over'`)
    await organization.owner.delete(organization.path)
    await before.database.dataSource.query(
      `update organizations set deletion_requested_at = now() - interval '31 days'`,
    )
    await before.application.get(OrganizationsPurge).run()
    await before.close()

    await expect(start('new')).rejects.toThrow('lacks the key "old", under which 2 secrets of integrations are sealed')
    expect(await rewrapOf(own, 'new', 'old')).toMatchObject({ code: 0, lines: ['{"moved":2}'] })
    // While no server runs: one that is at it would be told of its delivery twice.
    const client = new pg.Client(own.url)
    await client.connect()
    await client.query('update event_deliveries set available_at = now()').finally(() => client.end())
    const after = await start('new')
    expect(await after.application.get(OneTimeTokens).read('link', link)).toEqual({ token: 'planted-secret' })
    const { calls } = after.application.get(BeaconProvider)
    await eventually(
      async () => calls.map(({ hook, integration }) => [hook, integration.secrets.token]),
      ([call]) => call !== undefined,
    ).then((made) => expect(made).toEqual([['disconnect', 'planted-secret']]))
    await after.close()
    await own.close()
  })

  it('keep a command that cannot open them from starting, and nothing of it goes on', async () => {
    const own = await newTestDatabase(process.env.TEST_DATABASE_URL)
    const environment = { DATABASE_URL: own.url, INTEGRATION_ENCRYPTION_KEYS: key('lost') }
    const server = await TestServer.start({ plugins: [kindsOf(BeaconProvider)], environment })
    await install(server, await server.organization())
    await server.close()
    const refused = { code: 1, lines: [expect.stringContaining('lacks the key \\"lost\\"')] }
    expect(await rewrapOf(own, 'other')).toEqual(refused)
    await disconnected(own)
    await own.close()
  })
})
