import { describe, expect, it, jest } from '@jest/globals'
import { Controller, Get, Module, Post, type Type } from '@nestjs/common'
import { RouterModule } from '@nestjs/core'
import { randomUUID } from 'node:crypto'
import { accessQuery } from '../../src/access/access.queries.js'
import { AnyKey, CurrentCaller, type OrganizationCaller, RequiresScope, StartError } from '../../src/index.js'
import { expectError, MembershipLevel, TestServer, useServer } from '../support/kit.js'

/** A module of a third party with one route. */
function extension(path: string | string[], rule: MethodDecorator, prefix?: string): Type {
  @Controller(path)
  class GearsController {
    @Get()
    @rule
    list(@CurrentCaller() { organization_id, level }: OrganizationCaller) {
      return { organization_id, level }
    }
  }
  @Module({
    controllers: [GearsController],
    imports: prefix ? [RouterModule.register([{ path: prefix, module: GearsModule }])] : [],
  })
  class GearsModule {}
  return GearsModule
}

const GEARS = 'api/organizations/:org/gears'
const level = MembershipLevel.Owner

describe('a route of an extension below an organization', () => {
  const rule = RequiresScope('organization:read', { level, organization: { parameter: 'org' } })
  const server = useServer({ plugins: [extension(GEARS, rule)] })

  it('opens to its owners, and neither to its admins nor to anybody else', async () => {
    const { owner, path, id, ...organization } = await server.organization()
    const opened = await owner.get(`${path}gears/`)
    expect(opened).toMatchObject({ status: 200, body: { organization_id: id, level: MembershipLevel.Owner } })
    const stranger = (await server.organization()).owner
    expectError(await stranger.get(`${path}gears/`), 404, 'not_found', 'Organization not found.')
    expect((await stranger.get(`/api/organizations/${randomUUID()}/gears/`)).body).toEqual(
      (await stranger.get(`${path}gears/`)).body,
    )
    for (const lower of [MembershipLevel.Admin, MembershipLevel.Member]) {
      const member = await server.member(id, lower)
      const refused = await member.get(`${path}gears/`)
      expectError(refused, 403, 'permission_denied', 'Your organization access level is insufficient.')
    }
    expect(organization.view.id).toBe(id)
  })
})

describe('a route of an extension that has its organization in the body', () => {
  @Controller('api/gears')
  class GearsController {
    @Post()
    @RequiresScope('organization:write', { level: MembershipLevel.Admin, organization: 'body' })
    make(@CurrentCaller() { organization_id, level }: OrganizationCaller) {
      return { organization_id, level }
    }
  }
  @Module({ controllers: [GearsController] })
  class GearsModule {}
  const server = useServer({ plugins: [GearsModule] })
  const limited = useServer({ plugins: [GearsModule], environment: { RATE_LIMIT_BURST_PER_MINUTE: '2' } })

  it('counts a request once, although the key is looked at before the body and after it', async () => {
    const { owner, id } = await limited.organization()
    const statuses = []
    for (let count = 0; count < 3; count++)
      statuses.push((await owner.post('/api/gears/', { organization_id: id })).status)
    expect(statuses).toEqual([201, 201, 429])
  })

  it('is closed to a key that is revoked before the body has said which organization', async () => {
    const { owner, id } = await server.organization()
    const query = server.database.query.bind(server.database)
    let answers = 0
    const asked = jest.spyOn(server.database, 'query').mockImplementation(async (question, values) => {
      const rows = await query(question, values)
      const revoke = 'delete from personal_api_keys where user_id = $1'
      if (question === accessQuery && answers++ === 0) await server.database.dataSource.query(revoke, [owner.row.id])
      return rows
    })
    const refused = await owner.post('/api/gears/', { organization_id: id }).finally(() => asked.mockRestore())
    const invalid = 'Personal API key found in request Authorization header is invalid.'
    expectError(refused, 401, 'authentication_failed', invalid)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
    expect(answers).toBe(2)
  })

  it('opens to admins of the organization that the body names', async () => {
    const organization = await server.organization()
    const { owner, id } = organization
    for (const organization_id of [id, id.toUpperCase(), '@current'])
      expect(await owner.post('/api/gears/', { organization_id })).toMatchObject({
        status: 201,
        body: { organization_id: id, level },
      })
    const [admin, member] = [await organization.admin(), await organization.member()]
    expect((await admin.post('/api/gears/', { organization_id: id })).status).toBe(201)
    const insufficient = 'Your organization access level is insufficient.'
    expectError(await member.post('/api/gears/', { organization_id: id }), 403, 'permission_denied', insufficient)
    const reader = await owner.with({ scopes: ['organization:read'] })
    const missing = "API key missing required scope 'organization:write'"
    expectError(await reader.post('/api/gears/', { organization_id: id }), 403, 'permission_denied', missing)
  })

  it('opens to nobody where the body names none, or one of others', async () => {
    const [{ owner, id }, other] = [await server.organization(), await server.organization()]
    for (const organization_id of [undefined, null, '', 'abc', 12, [id], { id }, randomUUID(), other.id])
      expectError(await owner.post('/api/gears/', { organization_id }), 404, 'not_found', 'Organization not found.')
    for (const body of ['', '[]', `"${id}"`])
      expect(await server.request('POST', '/api/gears/', { key: owner.key, body })).toMatchObject({ status: 404 })
  })
})

describe('a rule that does not fit its path keeps the server from starting', () => {
  it.each<[string, Type, string]>([
    [
      'an organization in the path under another name',
      extension(GEARS, RequiresScope('organization:read', { level, organization: 'none' })),
      `has the organization in its path as :org, but its rule does not say so: write organization: { parameter: 'org' } in @RequiresScope(...).`,
    ],
    [
      'nothing said of where the organization is',
      extension(GEARS, RequiresScope('organization:read', { level })),
      `has the organization in its path as :org, but its rule does not say so: write organization: { parameter: 'org' } in @RequiresScope(...).`,
    ],
    [
      'any key below an organization',
      extension(GEARS, AnyKey()),
      `has the organization in its path as :org, but its rule does not say so: write organization: { parameter: 'org' } in @RequiresScope(...).`,
    ],
    [
      'an organization below the prefix of a module',
      extension('gears', RequiresScope('organization:read', { organization: 'none' }), 'api/organizations/:org'),
      `has the organization in its path as :org, but its rule does not say so: write organization: { parameter: 'org' } in @RequiresScope(...).`,
    ],
    [
      'the second of two paths',
      extension(['api/gears', GEARS], RequiresScope('organization:read', { organization: 'none' })),
      `has the organization in its path as :org, but its rule does not say so: write organization: { parameter: 'org' } in @RequiresScope(...).`,
    ],
  ])('%s', async (_, module, sentence) => {
    const refusal = `GearsController.list (GET /${GEARS}) ${sentence}`
    await expect(TestServer.start({ plugins: [module] })).rejects.toThrow(new StartError(refusal))
  })

  it('a scope that nobody declares', async () => {
    const rule = RequiresScope('gear:read', { organization: { parameter: 'org' } })
    await expect(TestServer.start({ plugins: [extension(GEARS, rule)] })).rejects.toThrow(
      `GearsController.list (GET /${GEARS}) asks for the scope "gear:read", which no plugin declares: use one of organization:read, `,
    )
  })
})
