import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Type } from '@nestjs/common'
import { IntegrationInstallations, systemActor, ProviderError, StartError } from '../../src/index.js'
import {
  deferred,
  disconnected,
  eventually,
  expectError,
  newTestDatabase,
  type TestOrganization,
  TestServer,
  useServer,
} from '../support/kit.js'
import { PROVIDERS_WAIT } from '../support/providers-wait.js'
import { Watch } from '../support/planted.js'
import {
  BeaconProvider,
  install,
  LampProvider,
  openPlugin,
  SecondBeaconProvider,
  ShowsNothingProvider,
  syncOf,
  UnnamedProvider,
  WithoutSchemaProvider,
} from './beacon.js'
import { kindsOf } from '../support/plugin.js'

const server = useServer({ plugins: [kindsOf(BeaconProvider, LampProvider)], ownDatabase: true })
const watch = new Watch(server)
let organization: TestOrganization
let beacon: BeaconProvider

beforeAll(() => watch.start())
beforeEach(async () => {
  organization = await server.organization()
  beacon = server.application.get(BeaconProvider)
  beacon.during = async () => undefined
})

/** What the server logged of an integration in this sentence. */
const logged = (sentence: string, id: string) =>
  server.logLines
    .map((line) => JSON.parse(line))
    .filter(({ msg, integration }) => msg === sentence && integration === id)

const map = (path: string, production = organization.view.projects[0]!.id) =>
  organization.owner.patch(`${path}environment-mapping/`, { production })

describe('a provider that is wired wrongly keeps the server from starting', () => {
  it.each<[string, Type, string]>([
    [
      'two of a kind',
      kindsOf(BeaconProvider, SecondBeaconProvider),
      'The integration providers BeaconProvider and SecondBeaconProvider are both of kind "beacon". Register one of them, or rename one.',
    ],
    [
      'one without a schema',
      kindsOf(WithoutSchemaProvider),
      'The integration provider WithoutSchemaProvider does not say what its configuration may hold and show: give it a zod schema as `config` and a list of fields as `shown`.',
    ],
    [
      'one that does not say what it shows',
      kindsOf(ShowsNothingProvider),
      'The integration provider ShowsNothingProvider does not say what its configuration may hold and show: give it a zod schema as `config` and a list of fields as `shown`.',
    ],
    [
      'one without a valid kind',
      kindsOf(UnnamedProvider),
      'The integration provider UnnamedProvider has no valid kind: name it with lower case letters, digits and hyphens, at most 50.',
    ],
    [
      'one whose route does not say who may call it',
      openPlugin,
      'OpenController.nobodyKnows (GET /open-to-whom) does not say who may call it: add @RequiresScope(...) or @Public().',
    ],
  ])('%s', async (_, plugin, sentence) => {
    await expect(TestServer.start({ plugins: [plugin] })).rejects.toThrow(new StartError(sentence))
  })

  it.each<[string, Type]>([
    ['found while it is put together', kindsOf(BeaconProvider, SecondBeaconProvider)],
    ['found when it is about to start', openPlugin],
  ])('and nothing of it goes on, %s', async (_, plugin) => {
    const database = await newTestDatabase(process.env.TEST_DATABASE_URL)
    const environment = { DATABASE_URL: database.url }
    await expect(TestServer.start({ plugins: [plugin], environment })).rejects.toThrow(StartError)
    await disconnected(database)
    await database.close()
  })
})

describe('what a provider is told', () => {
  it('is an installation that was committed, with its secrets open', async () => {
    beacon.during = async (_, { organization_id, id }) => {
      const rows = await server.database.dataSource.query(
        'select sync_state from organization_integrations where organization_id = $1 and id = $2',
        [organization_id, id],
      )
      expect(rows).toEqual([{ sync_state: 'pending' }])
    }
    const { id, state } = await install(server, organization)
    await state('synced')
    expect(beacon.hooksOf(id)).toEqual(['install'])
    expect(beacon.calls.find(({ integration }) => integration.id === id)!.integration).toMatchObject({
      organization_id: organization.id,
      id,
      config: { room: 'attic', internal: 'planted-config' },
      secrets: { token: 'planted-secret' },
      created_by_id: organization.owner.row.id,
    })
  })

  it('is nothing of what was rolled back', async () => {
    const installed = server.database.transaction(async (tx) => {
      await server.application.get(IntegrationInstallations).install(tx, {
        organization_id: organization.id,
        kind: 'beacon',
        integration_id: 'rolled-back',
        config: { room: 'cellar' },
        secrets: { token: 'x' },
        by: systemActor('test'),
      })
      throw new Error('undone')
    })
    await expect(installed).rejects.toThrow('undone')
    await (await install(server, organization)).state('synced')
    expect(beacon.calls.map(({ integration }) => integration.integration_id)).not.toContain('rolled-back')
  })

  it('is told again, with growing waits, while it fails; requests go on, and members read why', async () => {
    const { id, path, state } = await install(server, organization)
    await state('synced')
    let failures = 0
    beacon.during = async () => {
      if (++failures <= 2) throw new ProviderError('The room is locked: open it.')
      if (failures === 3) throw new Error('unforeseen-detail')
    }
    expect((await map(path)).status).toBe(200)
    const failing = await state('failing')
    expect(syncOf(failing.config)).toMatchObject({ last_error: 'The room is locked: open it.' })
    expect(logged('provider could not be told', id)[0]).toMatchObject({
      kind: 'beacon',
      hook: 'configure',
      err: { message: 'The room is locked: open it.' },
    })
    await eventually(
      async () => syncOf((await organization.owner.get(path)).body.config)!.last_error,
      (error) => error === 'An unexpected error occurred.',
    )
    expect(syncOf((await state('synced')).config)!.last_error).toBeNull()
    const times = beacon.calls.filter(({ integration }) => integration.id === id).map(({ at }) => at)
    const waits = times.slice(2).map((at, index) => at - times[index + 1]!)
    expect(waits).toHaveLength(3)
    for (const [index, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(2 ** index * 1_000 - 100)
    // What was told is noted before its delivery is done with.
    await eventually(
      () =>
        server.database.dataSource.query(`select 1 from ${PROVIDERS_WAIT} where organization_id = $1`, [
          organization.id,
        ]),
      (waiting) => waiting.length === 0,
    )
  })

  it('is the newest last: a slower telling of an older mapping does not have the last word', async () => {
    const [first, second] = [organization.view.projects[0]!.id, await anotherProject()]
    const { path, state } = await install(server, organization)
    await state('synced')
    let atProvider: number | undefined
    const [begun, released] = [deferred(), deferred()]
    beacon.during = async (_, { config: { environment_mapping } }) => {
      const production = environment_mapping!.production
      begun.resolve()
      if (production === first && atProvider === undefined) await released.promise
      atProvider = production
    }
    await map(path, first)
    await begun.promise
    const mapped = await map(path, second)
    expect(syncOf(mapped.body.config)).toMatchObject({ state: 'pending' })
    await state('synced')
    expect(atProvider).toBe(second)
    released.resolve()
    await eventually(
      () =>
        server.database.dataSource.query(`select 1 from ${PROVIDERS_WAIT} where organization_id = $1`, [
          organization.id,
        ]),
      (rows: unknown[]) => rows.length === 0,
    )
    expect(atProvider).toBe(second)
    expect(syncOf((await organization.owner.get(path)).body.config)).toMatchObject({ state: 'synced' })
  })

  it('of an older revision that was told, nothing is noted while the newest is not', async () => {
    const [first, second] = [organization.view.projects[0]!.id, await anotherProject()]
    const { id, path, state } = await install(server, organization)
    await state('synced')
    let open = false
    const [begun, refused] = [deferred(), deferred()]
    /** How it stood each time that the provider was told the newest, once the older telling has ended. */
    const states: string[] = []
    let olderDone = false
    beacon.during = async (_, { id: told, config: { environment_mapping } }) => {
      if (told !== id) return
      if (environment_mapping!.production === first) {
        begun.resolve()
        await refused.promise
        await state('failing')
        olderDone = true
        return
      }
      const { config } = (await organization.owner.get(path)).body
      if (olderDone) states.push(syncOf(config)!.state)
      refused.resolve()
      if (!open) throw new ProviderError('Not yet.')
    }
    await map(path, first)
    await begun.promise
    await map(path, second)
    await eventually(
      async () => states,
      ({ length }) => length > 1,
    )
    expect(states).not.toContain('synced')
    open = true
    await state('synced')
  })

  it('ends synced although it was mapped meanwhile, for a kind that is told of installations only', async () => {
    const released = deferred()
    server.application.get(LampProvider).during = () => released.promise
    const { path, state } = await install(server, organization, { kind: 'lamp', config: { type: 'connectable' } })
    await map(path)
    released.resolve()
    await state('synced')
  })

  it('waits for a server that knows the kind', async () => {
    const database = await newTestDatabase(process.env.TEST_DATABASE_URL)
    const environment = { DATABASE_URL: database.url }
    const without = await TestServer.start({ environment })
    const at = await without.organization()
    const { id } = await install(without, at)
    const set = `update organization_integrations set sync_state = 'pending' where organization_id = $1 and id = $2`
    await without.database.dataSource.query(set, [at.id, id])
    const tried = () => without.database.dataSource.query('select last_error from event_deliveries')
    await eventually(tried, ([delivery]) => delivery?.last_error === 'beacon: this server does not know the kind')
    await without.close()
    const knowing = await TestServer.start({ environment, plugins: [kindsOf(BeaconProvider)] })
    const hooks = () => knowing.application.get(BeaconProvider).hooksOf(id)
    await eventually(
      async () => hooks(),
      ({ length }) => length > 0,
    )
    expect(hooks()).toEqual(['install'])
    await knowing.close()
    await database.close()
  })

  async function anotherProject(): Promise<number> {
    const [{ id }] = await server.database.dataSource.query(
      `insert into projects (organization_id, id, uuid, name, api_token)
       select organization_id, id + 1000000, gen_random_uuid(), 'Second', 'phc_' || gen_random_uuid() from projects
       where organization_id = $1 returning id`,
      [organization.id],
    )
    return id
  }
})

describe('what members see of an integration', () => {
  it('are the fields that its kind shows', async () => {
    const { path, state } = await install(server, organization)
    await state('synced')
    const member = await organization.member()
    const [list, one] = [await member.get(`${organization.path}integrations/`), await member.get(path)]
    const mapped = await map(path)
    expect(one.body.config).toEqual({
      type: 'connectable',
      room: 'attic',
      sync: { state: 'synced', last_error: null, synced_at: expect.stringMatching(/^\d{4}-.*Z$/) },
    })
    expect(Object.keys(mapped.body.config).sort()).toEqual(['environment_mapping', 'room', 'sync', 'type'])
    expect(list.text + one.text + mapped.text + server.logLines.join('')).not.toMatch(/planted-(config|secret)/)
  })

  it('is only what its kind allows', async () => {
    await expect(install(server, organization, { config: { room: 5 } })).rejects.toMatchObject({
      status: 400,
      body: { detail: 'The configuration of a beacon integration does not allow this value of "room".' },
    })
    await expect(install(server, organization, { secrets: { token: ['planted-secret'] } })).rejects.toMatchObject({
      status: 400,
      body: { detail: 'The configuration of a beacon integration does not allow this value of "token".' },
    })
  })

  it('is one organization’s where the kind is exclusive, until it is disconnected there', async () => {
    const other = await server.organization()
    const { path } = await install(server, organization, { integration_id: 'the-only-one' })
    const again = () => install(server, other, { integration_id: 'the-only-one' })
    await expect(again()).rejects.toMatchObject({ status: 400, body: { code: 'unique' } })
    expect((await organization.owner.delete(path)).status).toBe(204)
    const { id } = await again()
    expect(await server.application.get(IntegrationInstallations).find('beacon', 'the-only-one')).toMatchObject({ id })
  })
})

describe('DELETE …/integrations/:id/', () => {
  it.each(['connectable', 'marketplace'])('ends a %s one at its provider, before it is removed here', async (type) => {
    const { id, path, state } = await install(server, organization, { config: { type, room: 'attic' } })
    await state('synced')
    beacon.during = async (hook) => {
      if (hook === 'disconnect') expect((await organization.owner.get(path)).status).toBe(200)
    }
    expect(await organization.owner.delete(path)).toMatchObject({ status: 204, text: '' })
    expect(beacon.calls.findLast(({ integration }) => integration.id === id)).toMatchObject({
      hook: 'disconnect',
      integration: { secrets: { token: 'planted-secret' } },
    })
    expect((await organization.owner.get(path)).status).toBe(404)
  })

  it('removes it here although its provider fails, and says so in the log', async () => {
    const { id, path } = await install(server, organization, { config: { type: 'marketplace' } })
    beacon.during = async () => {
      throw new Error('the provider is away')
    }
    expect((await organization.owner.delete(path)).status).toBe(204)
    expect((await organization.owner.get(path)).status).toBe(404)
    expect(logged('provider could not be told of a removal', id)).toMatchObject([
      { level: 50, kind: 'beacon', err: { message: 'the provider is away' } },
    ])
  })

  it('tells the provider nothing more of it', async () => {
    const { id, path } = await install(server, organization)
    beacon.during = async () => {
      throw new ProviderError('Not now.')
    }
    await eventually(
      async () => beacon.hooksOf(id),
      (hooks) => hooks.includes('install'),
    )
    expect((await organization.owner.delete(path)).status).toBe(204)
    await eventually(
      () =>
        server.database.dataSource.query(`select 1 from ${PROVIDERS_WAIT} where organization_id = $1`, [
          organization.id,
        ]),
      (rows: unknown[]) => rows.length === 0,
    )
    expect(beacon.hooksOf(id).at(-1)).toBe('disconnect')
  })
})

describe('GET …/integrations/:id/health/', () => {
  it('asks the provider', async () => {
    const { id, path } = await install(server, organization)
    const health = () => organization.owner.get(`${path}health/`)
    expect(await health()).toMatchObject({ status: 200, body: { healthy: true, detail: null } })
    beacon.answer = { healthy: false, detail: 'The bulb is broken: change it.' }
    expect((await health()).body).toEqual(beacon.answer)
    beacon.during = async () => {
      throw new ProviderError('The room is locked.')
    }
    expect((await health()).body).toEqual({ healthy: false, detail: 'The room is locked.' })
    beacon.during = async () => {
      throw new Error('unforeseen-detail')
    }
    const answer = await health()
    expect(answer.body).toEqual({ healthy: false, detail: 'An unexpected error occurred.' })
    // Operators read what members may not.
    expect(logged('integration could not be checked', id).at(-1)).toMatchObject({
      kind: 'beacon',
      err: { message: 'unforeseen-detail' },
    })
  })

  it('knows nothing of a kind that cannot be checked', async () => {
    const { path } = await install(server, organization, { kind: 'lamp', config: {} })
    expect((await organization.owner.get(`${path}health/`)).body).toEqual({
      healthy: null,
      detail: 'This kind of integration cannot be checked.',
    })
  })

  it('is for admins of the organization', async () => {
    const { path } = await install(server, organization)
    const member = await organization.member()
    const sentence = 'Your organization access level is insufficient.'
    expectError(await member.get(`${path}health/`), 403, 'permission_denied', sentence)
    const stranger = (await server.organization()).owner
    expectError(await stranger.get(`${path}health/`), 404, 'not_found', 'Organization not found.')
  })
})
