import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { OrganizationIntegration } from '../../src/index.js'
import { expectError, type TestOrganization, useServer } from '../support/kit.js'

const server = useServer()

async function integrated(
  organization: TestOrganization,
  { id = randomUUID(), ...values }: Partial<OrganizationIntegration> = {},
): Promise<{ id: string; path: string }> {
  await server.database.dataSource.getRepository(OrganizationIntegration).insert({
    organization_id: organization.id,
    id,
    kind: 'vercel',
    integration_id: `icfg_${randomUUID()}`,
    config: { type: 'connectable', credentials: { access_token: 'planted-secret' } },
    created_by_id: organization.owner.row.id,
    ...values,
  } as object)
  return { id, path: `${organization.path}integrations/${id}/` }
}

describe('/api/organizations/:organization_id/integrations/', () => {
  it('lists and retrieves the organization’s own, without secrets', async () => {
    const [organization, other] = [await server.organization(), await server.organization()]
    const { id, path } = await integrated(organization)
    const foreign = await integrated(other)
    const member = await organization.member()
    const list = await member.get(`${organization.path}integrations/`)
    expect(list.body).toMatchObject({ count: 1, next: null, previous: null, results: [{ id }] })
    const one = await member.get(path)
    expect(Object.keys(one.body)).toEqual([
      'id',
      'kind',
      'integration_id',
      'config',
      'created_at',
      'updated_at',
      'created_by',
    ])
    expect(one.body).toEqual(list.body.results[0])
    expect(one.body.created_by).toEqual({
      id: organization.owner.row.id,
      uuid: organization.owner.row.uuid,
      distinct_id: organization.owner.row.distinct_id,
      first_name: 'Ada',
      last_name: 'Lovelace',
      email: organization.owner.row.email,
      is_email_verified: true,
      hedgehog_config: null,
      role_at_organization: null,
    })
    expect(list.text + one.text).not.toContain('planted-secret')
    for (const missing of [foreign.id, randomUUID(), 'abc']) {
      expectError(await member.get(`${organization.path}integrations/${missing}/`), 404, 'not_found', 'Not found.')
    }
    expectError(await member.get(`${other.path}integrations/`), 404, 'not_found', 'Organization not found.')
    for (const [method, call] of [
      ['PUT', member.put],
      ['PATCH', member.patch],
    ] as const)
      expectError(await call(path, {}), 405, 'method_not_allowed', `Method "${method}" not allowed.`)
  })

  it('lists all of them, oldest first, to a key that may only write them', async () => {
    const organization = await server.organization()
    const ids = ['1', '2'].map((digit) => `0190aaaa-1111-7000-8000-00000000000${digit}`)
    for (const id of ids.toReversed()) await integrated(organization, { id })
    const writer = await organization.owner.with({ scopes: ['organization_integration:write'] })
    const list = await writer.get(`${organization.path}integrations/`)
    expect(list.body).toMatchObject({ count: 2, results: ids.map((id) => ({ id })) })
    expect((await writer.get('/api/organizations/@current/integrations/')).body).toEqual(list.body)
    const reader = await organization.owner.with({ scopes: ['organization:write'] })
    const sentence = "API key missing required scope 'organization_integration:read'"
    expectError(await reader.get(`${organization.path}integrations/`), 403, 'permission_denied', sentence)
  })

  it('asks who is calling', async () => {
    const organization = await server.organization()
    const { path } = await integrated(organization)
    for (const [method, at] of [
      ['GET', `${organization.path}integrations/`],
      ['GET', path],
      ['DELETE', path],
      ['PATCH', `${path}environment-mapping/`],
    ] as const) {
      const anonymous = await server.request(method, at)
      expectError(anonymous, 401, 'not_authenticated', 'Authentication credentials were not provided.')
    }
    expect((await organization.owner.get(path)).status).toBe(200)
  })

  it('outlives who connected it', async () => {
    const organization = await server.organization()
    const admin = await organization.admin()
    const { path } = await integrated(organization, { created_by_id: admin.row.id })
    expect((await organization.owner.get(path)).body.created_by.id).toBe(admin.row.id)
    await server.database.dataSource.query('delete from users where id = $1', [admin.row.id])
    expect((await organization.owner.get(path)).body.created_by).toBeNull()
  })

  it('goes through them in pages, oldest first', async () => {
    const organization = await server.organization()
    const ids = [uuidv7(), uuidv7(), uuidv7()]
    for (const id of ids) await integrated(organization, { id })
    const first = await organization.owner.get(`${organization.path}integrations/?limit=2`)
    expect(first.body).toMatchObject({ count: 3, previous: null, results: [{ id: ids[0] }, { id: ids[1] }] })
    const second = await organization.owner.get(first.body.next.slice(server.url.length))
    expect(second.body).toMatchObject({ count: 3, next: null, results: [{ id: ids[2] }] })
  })

  it('names nobody when the person who installed is gone', async () => {
    const organization = await server.organization()
    const gone = await organization.admin()
    const { path } = await integrated(organization, { created_by_id: gone.row.id })
    await server.database.dataSource.query('delete from users where id = $1', [gone.row.id])
    expect((await organization.owner.get(path)).body.created_by).toBeNull()
  })

  it('is read with either of its scopes, and by nobody without', async () => {
    const organization = await server.organization()
    const { path } = await integrated(organization)
    const list = `${organization.path}integrations/`
    const writer = await organization.owner.with({ scopes: ['organization_integration:write'] })
    const other = await organization.owner.with({ scopes: ['organization:read'] })
    const sentence = `API key missing required scope 'organization_integration:read'`
    for (const route of [list, path]) {
      expect((await writer.get(route)).status).toBe(200)
      expectError(await other.get(route), 403, 'permission_denied', sentence)
      const anonymous = await server.request('GET', route)
      expectError(anonymous, 401, 'not_authenticated', 'Authentication credentials were not provided.')
    }
    expectError(await writer.patch(path, {}), 405, 'method_not_allowed', 'Method "PATCH" not allowed.')
    expectError(await writer.post(list, {}), 405, 'method_not_allowed', 'Method "POST" not allowed.')
  })

  it('lets nobody change what another organization has', async () => {
    const [organization, other] = [await server.organization(), await server.organization()]
    const { id, path } = await integrated(other)
    const production = organization.view.projects[0]!.id
    for (const missing of [id, randomUUID(), 'abc']) {
      const reached = `${organization.path}integrations/${missing}/`
      for (const answer of [
        await organization.owner.delete(reached),
        await organization.owner.patch(`${reached}environment-mapping/`, { production }),
        await organization.owner.get(`${reached}health/`),
      ])
        expectError(answer, 404, 'not_found', 'Not found.')
    }
    expect((await other.owner.get(path)).body.config).toEqual({ type: 'connectable' })
  })

  it('lets admins disconnect: the integrations of that kind in its projects go too', async () => {
    const organization = await server.organization()
    const { path } = await integrated(organization)
    const [member, admin] = [await organization.member(), await organization.admin()]
    await admin.patch(`${path}environment-mapping/`, { production: organization.view.projects[0]!.id })
    expectError(await member.delete(path), 403, 'permission_denied', 'Your organization access level is insufficient.')
    expect(await admin.delete(path)).toMatchObject({ status: 204, text: '' })
    expectError(await admin.get(path), 404, 'not_found', 'Not found.')
    const left = await server.database.dataSource.query(
      'select 1 from project_integrations where organization_id = $1',
      [organization.id],
    )
    expect(left).toEqual([])
  })
})

describe('PATCH …/environment-mapping/', () => {
  it('fills preview and development with production, and connects each project once', async () => {
    const organization = await server.organization()
    const { path } = await integrated(organization)
    const project = organization.view.projects[0]!.id
    for (let time = 0; time < 2; time++) {
      const mapped = await organization.owner.patch(`${path}environment-mapping/`, { production: String(project) })
      expect(mapped.status).toBe(200)
      expect(mapped.body.config).toEqual({
        type: 'connectable',
        environment_mapping: { production: project, preview: project, development: project },
        sync: { state: 'pending', last_error: null, synced_at: null },
      })
    }
    const connected = await server.database.dataSource.query(
      'select project_id, kind, integration_id, config from project_integrations where organization_id = $1',
      [organization.id],
    )
    expect(connected).toEqual([
      { project_id: project, kind: 'vercel', integration_id: String(project), config: { type: 'connectable' } },
    ])
  })

  it('serves each environment from a project of its own where it is asked to', async () => {
    const organization = await server.organization()
    const { path } = await integrated(organization)
    const more = await server.database.dataSource.query(
      `insert into projects (organization_id, uuid, name, api_token)
       select $1, gen_random_uuid(), 'More', 'phc_' || gen_random_uuid() from generate_series(1, 2) returning id`,
      [organization.id],
    )
    const production = organization.view.projects[0]!.id
    const [preview, development] = more.map(({ id }: { id: number }) => id)
    for (const mapping of [
      { production, development },
      { production, preview, development },
    ]) {
      const { body } = await organization.owner.patch(`${path}environment-mapping/`, mapping)
      expect(body.config.environment_mapping).toEqual({ preview: production, ...mapping })
    }
    const connected = await server.database.dataSource.query(
      'select project_id from project_integrations where organization_id = $1 order by project_id',
      [organization.id],
    )
    expect(connected).toEqual([production, preview, development].map((project_id) => ({ project_id })))
  })

  it('is for admins, with a key that may write integrations', async () => {
    const organization = await server.organization()
    const { path } = await integrated(organization)
    const [admin, member] = [await organization.admin(), await organization.member()]
    const mapping = { production: organization.view.projects[0]!.id }
    const insufficient = 'Your organization access level is insufficient.'
    expectError(await member.patch(`${path}environment-mapping/`, mapping), 403, 'permission_denied', insufficient)
    const reader = await admin.with({ scopes: ['organization_integration:read', 'organization:write'] })
    const sentence = "API key missing required scope 'organization_integration:write'"
    expectError(await reader.patch(`${path}environment-mapping/`, mapping), 403, 'permission_denied', sentence)
    expect((await admin.get(path)).body.config).toEqual({ type: 'connectable' })
    const writer = await admin.with({ scopes: ['organization_integration:write'] })
    expect((await writer.patch(`${path}environment-mapping/`, mapping)).status).toBe(200)
  })

  it('refuses what it cannot map, and changes nothing', async () => {
    const [organization, other] = [await server.organization(), await server.organization()]
    const { path } = await integrated(organization)
    const map = (body: unknown) => organization.owner.patch(`${path}environment-mapping/`, body)
    expectError(await map({}), 400, 'required', 'This field is required.', 'production')
    expectError(await map({ production: null }), 400, 'null', 'This field may not be null.', 'production')
    expectError(await map({ production: 'x' }), 400, 'invalid_input', 'A valid integer is required.', 'production')
    const [own, foreign] = [organization.view.projects[0]!.id, other.view.projects[0]!.id]
    const sentence = `Project ${foreign} does not belong to this organization.`
    expectError(await map({ production: own, preview: foreign }), 400, 'invalid_input', sentence)
    expect((await organization.owner.get(path)).body.config).toEqual({ type: 'connectable' })
    const connected = await server.database.dataSource.query(
      'select 1 from project_integrations where organization_id = $1',
      [organization.id],
    )
    expect(connected).toEqual([])
    const member = await organization.member()
    const level = 'Your organization access level is insufficient.'
    const answer = await member.patch(`${path}environment-mapping/`, { production: own })
    expectError(answer, 403, 'permission_denied', level)
    const marketplace = await integrated(organization, { config: {} })
    const refused = await organization.owner.patch(`${marketplace.path}environment-mapping/`, {})
    expectError(refused, 400, 'invalid_input', 'Environment mapping is only supported for connectable integrations.')
  })
})
