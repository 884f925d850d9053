import { beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { IntegrationInstallations } from '../../src/index.js'
import { expectError, type TestOrganization, useServer } from '../support/kit.js'
import { scale } from '../support/scale.js'
import { BeaconProvider, install, LampProvider } from './beacon.js'

const server = useServer({ integrations: [BeaconProvider, LampProvider], ownDatabase: true })
let organization: TestOrganization

beforeEach(async () => {
  organization = await server.organization()
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

describe('an update of an integration', () => {
  it.each(['update', 'note'] as const)('keeps what it does not name (%s)', async (how) => {
    const { id } = await install(server, organization)
    const named = { organization_id: organization.id, id }
    const change = (changes: object) => server.database.transaction((tx) => installations()[how](tx, named, changes))
    expect(await change({ config: { room: 'cellar' } })).toBe(true)
    expect(await held(id)).toMatchObject({
      config: { type: 'connectable', room: 'cellar', internal: 'planted-config' },
      secrets: { token: 'planted-secret' },
    })
    expect(await change({ secrets: { token: 'planted-other' } })).toBe(true)
    expect(await held(id)).toMatchObject({ config: { room: 'cellar' }, secrets: { token: 'planted-other' } })
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
