import { beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { Registry } from 'prom-client'
import { IntegrationInstallations, type StoredEvent, systemActor } from '../../src/index.js'
import {
  environmentsMapped,
  integrationConfigured,
  integrationInstalled,
  integrationRemoved,
} from '../../src/integrations/integration.events.js'
import { closedMeanwhile, closings } from '../support/closing.js'
import { deferred, eventually, expectError, listening, type TestOrganization, useServer } from '../support/kit.js'
import { PROVIDERS_WAIT } from '../support/providers-wait.js'
import { scale } from '../support/scale.js'
import { BeaconProvider, install, LampProvider, syncOf } from './beacon.js'
import { kindsOf } from '../support/plugin.js'

const heard: StoredEvent<unknown>[] = []
const server = useServer({
  ownDatabase: true,
  plugins: [
    kindsOf(BeaconProvider, LampProvider),
    listening((listeners) =>
      listeners.on(
        { name: 'test', events: [integrationInstalled, environmentsMapped, integrationConfigured, integrationRemoved] },
        async (event) => void heard.push(event),
      ),
    ),
  ],
})
let organization: TestOrganization

beforeEach(async () => {
  organization = await server.organization()
  server.application.get(BeaconProvider).during = async () => undefined
})

const installations = () => server.application.get(IntegrationInstallations)

async function held(id: string) {
  return installations().open((await installations().load(organization.id, id))!)
}

/** Connects the first project of an organization, as kinds of integration do. */
async function connect(to: TestOrganization, kind: string): Promise<void> {
  await server.database.dataSource.query(
    'insert into project_integrations (organization_id, id, project_id, kind, integration_id) values ($1, $2, $3, $4, $5)',
    [to.id, randomUUID(), to.view.projects[0]!.id, kind, kind],
  )
}

const connections = async (of: TestOrganization): Promise<string[]> =>
  (
    await server.database.dataSource.query(
      'select kind from project_integrations where organization_id = $1 order by kind',
      [of.id],
    )
  ).map(({ kind }: { kind: string }) => kind)

const change = (id: string, changes: object, tell?: boolean) =>
  server.database.transaction((tx) =>
    installations().update(tx, systemActor('test'), { organization_id: organization.id, id }, changes, tell),
  )

/** Waits until providers know all that they have to know of the organization. */
const told = () =>
  eventually(
    () =>
      server.database.dataSource.query(`select 1 from ${PROVIDERS_WAIT} where organization_id = $1`, [organization.id]),
    (waiting: unknown[]) => waiting.length === 0,
  )

describe('an integration', () => {
  it('is found by the id of an exclusive kind, which it frees when it ends', async () => {
    const other = await server.organization()
    const [ending, staying] = ['ending', 'staying'].map((name) => `${name}-${organization.id}`)
    const directory = async (integration_id: string | undefined) =>
      (
        await server.database.dataSource.query(
          `select organization_id, removed_at from integration_directory where kind = 'beacon' and integration_id = $1`,
          [integration_id],
        )
      )[0]
    const { path } = await install(server, organization, { integration_id: ending })
    const { id } = await install(server, organization, { integration_id: staying })
    expect(await installations().find('beacon', staying!)).toMatchObject({ id, secrets: { token: 'planted-secret' } })
    expect(await installations().find('lamp', staying!)).toBeUndefined()
    await organization.owner.delete(path)
    expect(await directory(ending)).toEqual({ organization_id: organization.id, removed_at: expect.any(Date) })
    expect(await directory(staying)).toEqual({ organization_id: organization.id, removed_at: null })
    await install(server, other, { integration_id: ending })
    expect(await directory(ending)).toEqual({ organization_id: other.id, removed_at: null })
  })

  it('is there once in an organization, and without an id of an exclusive kind as often as one likes', async () => {
    const other = await server.organization()
    const lamp = { kind: 'lamp', config: {}, integration_id: 'the same' }
    for (const owning of [organization, other]) await install(server, owning, lamp)
    await expect(install(server, organization, lamp)).rejects.toMatchObject({ status: 400, body: { code: 'unique' } })
    for (const kind of ['lamp', 'lamp', 'beacon', 'beacon'])
      await install(server, organization, { kind, integration_id: null })
    expect((await organization.owner.get(`${organization.path}integrations/`)).body.count).toBe(5)
  })

  it('is one organization’s where two install it at the same moment, and others do not wait for it', async () => {
    const other = await server.organization()
    const [same, another] = ['same', 'another'].map((name) => `${name}-${organization.id}`)
    const installation = (by: TestOrganization, integration_id: string) => ({
      organization_id: by.id,
      kind: 'beacon',
      integration_id,
      config: { type: 'connectable' },
      by: by.owner.caller,
    })
    const [installed, released] = [deferred(), deferred()]
    const first = server.database.transaction(async (tx) => {
      await installations().install(tx, installation(organization, same!))
      installed.resolve()
      await released.promise
    })
    await installed.promise
    const second = install(server, other, installation(other, same!)).catch((error: unknown) => error)
    await eventually(
      () =>
        server.database.dataSource.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      (waiting: unknown[]) => waiting.length > 0,
    )
    await install(server, other, installation(other, another!))
    released.resolve()
    await first
    expect(await second).toMatchObject({ status: 400, body: { code: 'unique' } })
    expect(await installations().find('beacon', same!)).toMatchObject({ organization_id: organization.id })
  })

  it('holds no secret where none was given, and waits for no provider that has nothing to be told', async () => {
    const { id } = await install(server, organization, { kind: 'lamp', config: {}, secrets: undefined })
    expect(await held(id)).toMatchObject({ config: {}, secrets: {} })
    const stone = await install(server, organization, { kind: 'stone', config: { type: 'connectable' } })
    const production = organization.view.projects[0]!.id
    expect((await organization.owner.patch(`${stone.path}environment-mapping/`, { production })).status).toBe(200)
    expect(await change(stone.id, { config: { colour: 'grey' } }, true)).toBe(true)
    expect(await held(stone.id)).toMatchObject({ config: { type: 'connectable', colour: 'grey' } })
    expect(syncOf((await organization.owner.get(stone.path)).body.config)).toBeUndefined()
    expect((await organization.owner.get(`${stone.path}health/`)).body.healthy).toBeNull()
    await told()
    expect((await organization.owner.delete(stone.path)).status).toBe(204)
    const troubles = server.logLines.filter((line) => line.includes('provider could not') && line.includes(stone.id))
    expect(troubles).toEqual([])
  })

  it('holds nothing that its kind does not know', async () => {
    const { id } = await install(server, organization, {
      config: { type: 'connectable', room: 'attic', size: 'large' },
      secrets: { token: 'planted-secret', type: 'connectable' },
    })
    expect((await held(id)).config).toEqual({ type: 'connectable', room: 'attic' })
    expect((await held(id)).secrets).toEqual({ token: 'planted-secret' })
    for (const [config, field] of [
      [{ room: 5 }, 'room'],
      [{ bulb: { watts: 'many' } }, 'bulb.watts'],
    ] as const)
      await expect(change(id, { config })).rejects.toMatchObject({
        body: { detail: `The configuration of a beacon integration does not allow this value of "${field}".` },
      })
  })

  it('is counted until its provider was told of it', async () => {
    const beacon = server.application.get(BeaconProvider)
    const counted = async () =>
      (await server.application.get(Registry).metrics())
        .split('\n')
        .filter((line) => line.startsWith('integrations_not_synced{'))
        .map((line) => /kind="(\w+)",state="(\w+)"\} (\d+)$/.exec(line)?.slice(1))
    await eventually(counted, ({ length }) => length === 0)
    const released = deferred()
    beacon.during = () => released.promise
    const { state } = await install(server, organization)
    await install(server, organization, { kind: 'stone', config: {} })
    expect(await counted()).toEqual([['beacon', 'pending', '1']])
    released.resolve()
    await state('synced')
    expect(await counted()).toEqual([])
  })

  it('is announced from its installation to its end, by whom, and never its secrets', async () => {
    const integration_id = `beacon-${organization.id}`
    const { id, path } = await install(server, organization, { integration_id })
    const production = organization.view.projects[0]!.id
    await organization.owner.patch(`${path}environment-mapping/`, { production })
    await change(id, { secrets: { token: 'planted-other' } }, true)
    await change(id, { config: { room: 'cellar' } })
    await organization.owner.delete(path)
    const events = await eventually(
      async () => heard.filter(({ organization_id }) => organization_id === organization.id),
      (all) => all.length >= 5,
    )
    const environment_mapping = { production, preview: production, development: production }
    expect(events.map(({ type, payload }) => [type.split('.')[1], payload])).toEqual(
      expect.arrayContaining([
        ['installed', { kind: 'beacon', integration_id }],
        ['environments_mapped', { environment_mapping }],
        ['configured', { kind: 'beacon', integration_id, told: true }],
        ['configured', { kind: 'beacon', integration_id, told: false }],
        ['removed', { kind: 'beacon', integration_id }],
      ]),
    )
    for (const { item_id } of events) expect(item_id).toBe(id)
    for (const { type, by } of events)
      expect(by.user).toEqual(type.endsWith('.configured') ? null : { id: organization.owner.row.id })
    expect(events).toHaveLength(5)
  })
})

describe('an update of an integration', () => {
  it('keeps the mapping of its environments', async () => {
    const { id, path } = await install(server, organization)
    const production = organization.view.projects[0]!.id
    await organization.owner.patch(`${path}environment-mapping/`, { production })
    await change(id, { config: { room: 'cellar' } })
    expect((await organization.owner.get(path)).body.config).toMatchObject({
      type: 'connectable',
      room: 'cellar',
      environment_mapping: { production, preview: production, development: production },
    })
  })

  it('is told to its provider where it is asked to, and to no kind that hears of installations only', async () => {
    const beacon = server.application.get(BeaconProvider)
    const { id, state } = await install(server, organization)
    await state('synced')
    await change(id, { config: { room: 'cellar' } })
    await state('synced')
    expect(beacon.hooksOf(id)).toEqual(['install'])
    await change(id, { config: { room: 'garden' } }, true)
    await eventually(
      async () => beacon.hooksOf(id),
      (hooks) => hooks.length > 1,
    )
    expect(beacon.hooksOf(id)).toEqual(['install', 'configure'])
    await state('synced')
    const lamp = await install(server, organization, { kind: 'lamp', config: {} })
    await lamp.state('synced')
    await change(lamp.id, { config: { colour: 'red' } }, true)
    expect(syncOf((await organization.owner.get(lamp.path)).body.config)).toMatchObject({ state: 'synced' })
  })

  it.each(['update', 'note'] as const)('keeps what it does not name (%s)', async (how) => {
    const { id } = await install(server, organization)
    const named = { organization_id: organization.id, id }
    const change = (changes: object) =>
      server.database.transaction((tx) => installations()[how](tx, systemActor('test'), named, changes))
    expect(await change({ config: { room: 'cellar' } })).toBe(true)
    expect(await held(id)).toMatchObject({
      config: { type: 'connectable', room: 'cellar', internal: 'planted-config' },
      secrets: { token: 'planted-secret' },
    })
    expect(await change({ secrets: { token: 'planted-other' } })).toBe(true)
    expect(await held(id)).toMatchObject({ config: { room: 'cellar' }, secrets: { token: 'planted-other' } })
    expect((await installations().load(organization.id, id))!.revision).toBe(0)
    await organization.owner.delete(`${organization.path}integrations/${id}/`)
    expect(await change({ config: { room: 'attic' } })).toBe(false)
  })
})

describe('disconnecting an integration', () => {
  it.each(['owner', 'admin'] as const)(
    'by an %s takes the project connections of its kind, in its organization',
    async (who) => {
      const other = await server.organization()
      const { path } = await install(server, organization)
      for (const kind of ['beacon', 'lamp', 'vercel']) await connect(organization, kind)
      await connect(other, 'beacon')
      const caller = who === 'owner' ? organization.owner : await organization.admin()
      expect((await caller.delete(path)).status).toBe(204)
      expect(await connections(organization)).toEqual(['lamp', 'vercel'])
      expect(await connections(other)).toEqual(['beacon'])
    },
  )

  it.each(closings)('tells its provider nothing where the organization is meanwhile %s', async (_, change, detail) => {
    const { id, path } = await install(server, organization)
    const answer = await closedMeanwhile(server, organization.id, change, () => organization.owner.delete(path))
    expectError(answer, 403, 'permission_denied', detail)
    expect(server.application.get(BeaconProvider).hooksOf(id)).not.toContain('disconnect')
    expect(await held(id)).toMatchObject({ id })
  })

  it('leaves nothing behind when it is mapped at the same moment, and happens once', async () => {
    for (let round = 0; round < scale(6, 50); round++) {
      const at = await server.organization()
      const { path } = await install(server, at)
      const mapping = { production: at.view.projects[0]!.id }
      const [mapped, ...removed] = await Promise.all([
        at.owner.patch(`${path}environment-mapping/`, mapping),
        at.owner.delete(path),
        at.owner.delete(path),
      ])
      if (mapped.status !== 200) expectError(mapped, 404, 'not_found', 'Not found.')
      for (const { status } of removed) expect([204, 404]).toContain(status)
      expect(removed.map(({ status }) => status)).toContain(204)
      expect(await connections(at)).toEqual([])
      expect((await at.owner.get(`${at.path}integrations/`)).body.count).toBe(0)
    }
  })
})

describe('mapping environments', () => {
  it('connects each project once when it is mapped several times at the same moment', async () => {
    for (let round = 0; round < scale(6, 50); round++) {
      const at = await server.organization()
      const { path } = await install(server, at)
      const mapping = { production: at.view.projects[0]!.id }
      const answers = await Promise.all([1, 2, 3].map(() => at.owner.patch(`${path}environment-mapping/`, mapping)))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
      expect(await connections(at)).toEqual(['beacon'])
    }
  })
})
