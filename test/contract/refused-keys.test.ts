import { describe, expect, it } from '@jest/globals'
import { MembersService, PersonalApiKeysService, systemActor } from '../../src/index.js'
import { expectError, type TestOrganization, type TestUser, useServer, testActor } from '../support/kit.js'

const server = useServer()

const execute = (statement: string, ...values: unknown[]) => server.database.dataSource.query(statement, values)
const keyId = async (caller: TestUser) => (await caller.get('/api/personal_api_keys/@current/')).body.id as string
const invalid: Refusal = [
  401,
  'authentication_failed',
  'Personal API key found in request Authorization header is invalid.',
]
const unknown: Refusal = [404, 'not_found', 'Not found.']

type Refusal = [status: number, code: string, detail: string]

/** Keys that open nothing in an organization, each with how it came to that and what it is told. */
const refused: Record<string, { make: (organization: TestOrganization) => Promise<TestUser | string>; told: Refusal }> =
  {
    'that expired': {
      make: async ({ owner }) => {
        const key = await owner.with({})
        const expired = `update personal_api_keys set expires_at = now() - interval '1 second' where id = $1`
        await server.database.dataSource.query(expired, [await keyId(key)])
        return key
      },
      told: invalid,
    },
    'that was revoked': {
      make: async ({ owner }) => {
        const key = await owner.with({})
        await server.application.get(PersonalApiKeysService).revoke(systemActor('test'), await keyId(key))
        return key
      },
      told: invalid,
    },
    'that was rolled': {
      make: async ({ owner }) => {
        const key = await owner.with({})
        await server.application.get(PersonalApiKeysService).roll(systemActor('test'), await keyId(key))
        return key
      },
      told: invalid,
    },
    'that never was': { make: async () => 'phx_never', told: invalid },
    'without its prefix': { make: async ({ owner }) => owner.key.slice(4), told: invalid },
    'with something after it': { make: async ({ owner }) => `${owner.key} x`, told: invalid },
    'in capitals': { make: async ({ owner }) => owner.key.toUpperCase(), told: invalid },
    'that is a hash': {
      make: async ({ owner }) =>
        (await execute('select secure_value from personal_api_keys where user_id = $1', owner.row.id))[0].secure_value,
      told: invalid,
    },
    'that is a project’s token': { make: async ({ view }) => view.teams[0]!.api_token, told: invalid },
    'that is an access token of another kind': { make: async () => 'phaX_access', told: invalid },
    'that is endless': { make: async () => 'x'.repeat(8_000), told: invalid },
    'of somebody inactive': {
      make: async (organization) => {
        const admin = await organization.admin()
        await execute('update users set is_active = false where id = $1', admin.row.id)
        return admin
      },
      told: invalid,
    },
    'of another organization': { make: async () => (await server.organization()).owner, told: unknown },
    'of somebody without any organization': { make: () => server.user(), told: unknown },
    'of somebody who lost the membership': {
      make: async (organization) => {
        const admin = await organization.admin()
        await server.application.get(MembersService).remove(testActor(organization.id), admin.row.id)
        return admin
      },
      told: unknown,
    },
    'of somebody who became a member only': {
      make: async (organization) => {
        const admin = await organization.admin()
        await server.application.get(MembersService).add(testActor(organization.id), admin.row.id, 1)
        return admin
      },
      told: [403, 'permission_denied', 'Your organization access level is insufficient.'],
    },
    'scoped to another organization': {
      make: async ({ owner }) => {
        const other = await owner.post('/api/organizations/', { name: 'Other' })
        return owner.with({ scoped_organizations: [other.body.id] })
      },
      told: unknown,
    },
    'scoped to a project': {
      make: ({ owner, view }) => owner.with({ scoped_teams: [view.projects[0]!.id] }),
      told: [403, 'permission_denied', 'API keys with scoped projects are only supported on project-based endpoints.'],
    },
    'that may read only': {
      make: ({ owner }) => owner.with({ scopes: ['organization:read', 'project:write', 'user:write'] }),
      told: [403, 'permission_denied', "API key missing required scope 'organization:write'"],
    },
  }

describe('a key', () => {
  it.each(Object.entries(refused))('%s changes nothing', async (_name, { make, told: [status, code, detail] }) => {
    const organization = await server.organization()
    const made = await make(organization)
    const key = typeof made === 'string' ? made : made.key
    const before = await organization.reload()
    for (const [method, path, body] of [
      ['PATCH', organization.path, { name: 'Taken over' }],
      ['PUT', organization.path, { name: '' }],
      ['DELETE', organization.path, undefined],
      ['POST', `${organization.path}restore/`, {}],
    ] as const) {
      const answer = await server.request(method, path, { key, body })
      expectError(answer, status, code, detail)
      expect(answer.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null)
    }
    expect(await organization.reload()).toEqual(before)
  })

  it('that is refused says nothing of it in the log', async () => {
    for (const place of [
      { headers: { authorization: 'Bearer phx_wrong-in-a-header' } },
      { body: { personal_api_key: 'phx_wrong-in-a-body' } },
    ])
      expect((await server.request('POST', '/api/organizations/', place)).status).toBe(401)
    expect((await server.request('GET', '/api/users/@me/?personal_api_key=phx_wrong-in-a-query')).status).toBe(401)
    expect(server.logLines.join('')).not.toContain('phx_wrong')
  })
})

describe('what is no key', () => {
  it.each(['Bearer', 'Bearer ', 'bearer phx_x', 'Basic cGh4Ong=', 'Token phx_x', 'phx_x', '{}'])(
    '%j is no credentials at all',
    async (authorization) => {
      const answer = await server.request('GET', '/api/users/@me/', { headers: { authorization } })
      expectError(answer, 401, 'not_authenticated', 'Authentication credentials were not provided.')
    },
  )

  it.each([12, null, true, [], {}, ''])('in a body, %j is none either', async (personal_api_key) => {
    const answer = await server.request('POST', '/api/organizations/', { body: { personal_api_key, name: 'X' } })
    expectError(answer, 401, 'not_authenticated', 'Authentication credentials were not provided.')
  })

  it('in the query string counts when it is there twice: the last one', async () => {
    const { owner } = await server.organization()
    const ask = (...keys: string[]) =>
      server.request('GET', `/api/users/@me/?${keys.map((key) => `personal_api_key=${key}`).join('&')}`)
    expect((await ask('phx_wrong', owner.key)).status).toBe(200)
    expect((await ask(owner.key, 'phx_wrong')).status).toBe(401)
  })
})
