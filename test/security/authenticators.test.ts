import { Injectable, type Type } from '@nestjs/common'
import { afterAll, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, errors, generateKeyPair, type JWTPayload, jwtVerify } from 'jose'
import { randomUUID } from 'node:crypto'
import {
  type Authenticated,
  Authenticator,
  Config,
  type CredentialPlace,
  defineSettings,
  invalidCredentials,
  MembersService,
  MembershipLevel,
  PersonalApiKeysService,
  setting,
  systemActor,
  UsersService,
} from '../../src/index.js'
import { eventually, expectError, testActor, TestServer, useServer } from '../support/kit.js'
import { AUDIENCE, Issuer } from '../support/issuer.js'
import { pluginOf } from '../support/plugin.js'

const issuer = await Issuer.start()
afterAll(() => issuer.stop())

const jwtSettings = defineSettings({ JWT_ISSUER: setting.baseUrl })

interface Claims extends JWTPayload {
  email: string
  email_verified: boolean
  given_name: string
  scope: string
  organizations?: string[]
  level?: MembershipLevel
}

/** As docs/extending.md has it. */
@Injectable()
class JwtAuthenticator extends Authenticator {
  readonly name = 'jwt'
  readonly place: CredentialPlace = { in: 'bearer' }
  override readonly description = 'A JWT of our identity provider.'
  private readonly issuer: string
  private readonly keys: ReturnType<typeof createRemoteJWKSet>

  constructor(
    private readonly users: UsersService,
    config: Config,
  ) {
    super()
    this.issuer = config.of(jwtSettings).JWT_ISSUER
    this.keys = createRemoteJWKSet(new URL(this.issuer))
  }

  async authenticate(token: string): Promise<Authenticated | undefined> {
    // Three parts with dots between; anything else may be another's.
    if (token.split('.').length !== 3) return undefined
    const claims = await this.verified(token)
    if (claims.email_verified !== true) throw invalidCredentials()
    const user = await this.users.findOrCreate(systemActor('jwt'), {
      email: claims.email,
      first_name: claims.given_name,
    })
    const { organizations = [], level } = claims
    return {
      user,
      credential: { id: claims.jti!, scopes: claims.scope.split(' ').filter(Boolean), organizations, level },
    }
  }

  private async verified(token: string): Promise<Claims> {
    try {
      const options = { issuer: this.issuer, audience: AUDIENCE, requiredClaims: ['exp', 'jti'] }
      return (await jwtVerify<Claims>(token, this.keys, options)).payload
    } catch (error) {
      throw error instanceof errors.JOSEError ? invalidCredentials() : error
    }
  }
}

/** A session of the application around Polity. */
@Injectable()
class SessionAuthenticator extends Authenticator {
  readonly name = 'session'
  readonly place: CredentialPlace = { in: 'cookie', name: 'app_session' }

  constructor(private readonly users: UsersService) {
    super()
  }

  async authenticate(uuid: string): Promise<Authenticated | undefined> {
    const user = await this.users.byUuid(uuid)
    return user ? { user, credential: { id: `of-${user.id}`, scopes: ['*'], organizations: [] } } : undefined
  }
}

const plugin = pluginOf({ authenticators: [JwtAuthenticator, SessionAuthenticator], settings: jwtSettings })
const options = { plugins: [plugin], environment: { JWT_ISSUER: issuer.url } }
const withLimits = (environment: Record<string, string>) => ({
  ...options,
  environment: { ...options.environment, ...environment },
})

const everything = { scope: '*', email_verified: true, given_name: 'Grace' }
const INVALID = 'The credentials in this request are invalid or expired.'

describe('a JWT of an identity provider', () => {
  // A memory that would outlast every test: what is forgotten was forgotten on purpose.
  const server = useServer(withLimits({ AUTH_CACHE_TTL_MS: '60000' }))
  const get = (path: string, key: string) => server.request('GET', path, { key })

  it('is its user, found by the verified address in any case', async () => {
    const { owner, path, id } = await server.organization()
    const key = await issuer.token({ ...everything, email: owner.row.email.toUpperCase() })
    expect((await get('/api/users/@me/', key)).body).toMatchObject({ uuid: owner.row.uuid })
    expect((await get(path, key)).body).toMatchObject({ id, membership_level: MembershipLevel.Owner })
    expect((await get('/api/organizations/@current/', key)).body).toMatchObject({ id })
    expect((await get('/api/organizations/', key)).body).toMatchObject({ count: 1, results: [{ id }] })
  })

  it('makes a user who is new, once however many requests come at first, who can found an organization', async () => {
    const email = `${randomUUID()}@example.com`
    const key = await issuer.token({ ...everything, email })
    const answers = await Promise.all(Array.from({ length: 5 }, () => get('/api/users/@me/', key)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.uuid)).size).toBe(1)
    expect(answers[0]!.body).toMatchObject({ email, first_name: 'Grace' })
    expectError(await get('/api/organizations/@current/', key), 404, 'not_found', 'Current organization not found.')
    const made = await server.request('POST', '/api/organizations/', { key, body: { name: 'Graces' } })
    expect(made).toMatchObject({ status: 201, body: { membership_level: MembershipLevel.Owner } })
    expect((await get('/api/organizations/@current/', key)).body).toMatchObject({ id: made.body.id })
  })

  it('is refused with 401 when it is expired, badly signed, for another audience, or unproven', async () => {
    const { owner, path } = await server.organization()
    const { email } = owner.row
    const claims = { ...everything, email }
    const refused = [
      await issuer.token({ ...claims, exp: Math.floor(Date.now() / 1_000) - 60 }),
      await issuer.token(claims, await generateKeyPair('ES256')),
      await issuer.token({ ...claims, aud: 'other' }),
      await issuer.token({ ...claims, email_verified: false }),
      'not.a.token',
    ]
    for (const key of refused) {
      const answer = await get(path, key)
      expectError(answer, 401, 'authentication_failed', INVALID)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      const write = await server.request('PATCH', path, { key, body: { name: 'Theirs' } })
      expectError(write, 401, 'authentication_failed', INVALID)
    }
  })

  it('opens what its scopes cover, and nothing without any', async () => {
    const { owner, path } = await server.organization()
    const { email } = owner.row
    const reader = await issuer.token({ ...everything, email, scope: 'organization:read' })
    expect((await get(path, reader)).status).toBe(200)
    const missing = "API key missing required scope 'organization:write'"
    const write = await server.request('PATCH', path, { key: reader, body: { name: 'Not' } })
    expectError(write, 403, 'permission_denied', missing)
    const without = await issuer.token({ ...everything, email, scope: '' })
    expectError(await get(path, without), 403, 'permission_denied', missing.replace('write', 'read'))
  })

  it('reaches only the organizations that it says', async () => {
    const [near, far] = [await server.organization(), await server.organization()]
    await server.application.get(MembersService).add(testActor(far.id), near.owner.row.id, MembershipLevel.Owner)
    const { email } = near.owner.row
    const key = await issuer.token({ ...everything, email, organizations: [near.id] })
    expect((await get(near.path, key)).status).toBe(200)
    expectError(await get(far.path, key), 404, 'not_found', 'Not found.')
    expect((await get('/api/organizations/', key)).body).toMatchObject({ count: 1, results: [{ id: near.id }] })
  })

  it('is 404 to an organization of others, and 403 below the level that a route asks for', async () => {
    const organization = await server.organization()
    const stranger = await server.user()
    const strange = await issuer.token({ ...everything, email: stranger.row.email })
    expectError(await get(organization.path, strange), 404, 'not_found', 'Not found.')
    const tooLow = 'Your organization access level is insufficient.'
    const member = await organization.member()
    const low = await issuer.token({ ...everything, email: member.row.email })
    const write = (key: string) => server.request('PATCH', organization.path, { key, body: { name: 'Not' } })
    expectError(await write(low), 403, 'permission_denied', tooLow)
    const { email } = organization.owner.row
    const lowered = await issuer.token({ ...everything, email, level: MembershipLevel.Member })
    expectError(await write(lowered), 403, 'permission_denied', tooLow)
    const raised = await issuer.token({ ...everything, email: member.row.email, level: MembershipLevel.Owner })
    expectError(await write(raised), 403, 'permission_denied', tooLow)
  })

  it('is refused from the moment its user is deactivated, and meets a membership that ended', async () => {
    const organization = await server.organization()
    const member = await organization.member()
    const key = await issuer.token({ ...everything, email: member.row.email })
    expect((await get(organization.path, key)).status).toBe(200)
    await server.application.get(MembersService).remove(testActor(organization.id), member.row.id)
    expectError(await get(organization.path, key), 404, 'not_found', 'Not found.')
    expect((await get('/api/users/@me/', key)).status).toBe(200)
    await server.application.get(UsersService).deactivate(systemActor('test'), member.row.id)
    expectError(await get('/api/users/@me/', key), 401, 'authentication_failed', INVALID)
    await server.application.get(UsersService).activate(systemActor('test'), member.row.id)
    expect((await get('/api/users/@me/', key)).status).toBe(200)
  })

  it('meets an organization that is closed, and is not held to the rule for members’ personal keys', async () => {
    const organization = await server.organization()
    const member = await organization.member()
    const key = await issuer.token({ ...everything, email: member.row.email })
    await organization.owner.patch(organization.path, { members_can_use_personal_api_keys: false })
    expect((await member.get(organization.path)).status).toBe(403)
    expect((await member.get('/api/projects/')).body.count).toBe(0)
    expect((await get(organization.path, key)).status).toBe(200)
    expect((await get('/api/projects/', key)).body.count).toBe(1)
    expect((await organization.owner.delete(organization.path)).status).toBe(204)
    const owning = await issuer.token({ ...everything, email: organization.owner.row.email })
    const late = await server.request('PATCH', organization.path, { key: owning, body: { name: 'Late' } })
    expectError(late, 403, 'permission_denied', 'Your organization is being deleted.')
  })

  it('stands in events as what was done with, and in the log by its user', async () => {
    const { owner, path, id } = await server.organization()
    const key = await issuer.token({ ...everything, email: owner.row.email, jti: 'token-7' })
    const { headers } = await server.request('PATCH', path, { key, body: { name: 'By token' } })
    const [event] = await server.database.dataSource.query(
      `select user_id, credential_kind, credential_id from events
       where organization_id = $1 and type = 'organization.updated'`,
      [id],
    )
    expect(event).toEqual({ user_id: owner.row.id, credential_kind: 'extension:jwt', credential_id: 'token-7' })
    const of = `"request_id":"${headers.get('x-request-id')}"`
    const lines = await eventually(
      async () => server.logLines.filter((line) => line.includes(of)),
      (found) => found.length > 0,
    )
    expect(JSON.parse(lines[0]!)).toMatchObject({ user_id: owner.row.id })
    expect(server.logLines.join('')).not.toContain(key)
  })

  it('is no personal key, even where it is called like one', async () => {
    const owner = await server.user()
    const [key] = await server.application.get(PersonalApiKeysService).list(owner.row.id)
    const { id } = key!
    const token = await issuer.token({ ...everything, email: owner.row.email, jti: id })
    expectError(await get(`/api/personal_api_keys/${id}/`, token), 404, 'not_found', 'Not found.')
    expectError(await get('/api/personal_api_keys/@current/', token), 404, 'not_found', 'Not found.')
  })

  it('is listed for the routes that it opens', async () => {
    const { body } = await server.request('GET', '/api/schema/')
    expect(body.components.securitySchemes).toMatchObject({
      jwt: { type: 'http', scheme: 'bearer', description: 'A JWT of our identity provider.' },
      session: { type: 'apiKey', in: 'cookie', name: 'app_session' },
    })
    const security = [{ personal_api_key: [] }, { jwt: [] }, { session: [] }]
    expect(body.paths['/api/organizations/{id}/'].get.security).toEqual(security)
    expect(body.paths['/api/schema/']?.get.security ?? []).toEqual([])
  })
})

describe('where several credentials could be meant', () => {
  const server = useServer(options)
  const me = async (request: Parameters<TestServer['request']>[2], query = '') =>
    (await server.request('GET', `/api/users/@me/${query}`, request)).body.uuid
  const cookie = (uuid: string) => ({ cookie: `theme=dark; app_session=${uuid}; last=1` })

  it('a key in the header goes before an authenticator, and an authenticator before other keys', async () => {
    const [one, other] = [await server.user(), await server.user()]
    const headers = cookie(one.row.uuid)
    expect(await me({ headers })).toBe(one.row.uuid)
    expect(await me({ headers, key: other.key })).toBe(other.row.uuid)
    expect(await me({ headers }, `?personal_api_key=${other.key}`)).toBe(one.row.uuid)
    const token = await issuer.token({ ...everything, email: other.row.email })
    expect(await me({ headers, key: token })).toBe(other.row.uuid)
  })

  it('a credential that no authenticator knows is looked at as a key', async () => {
    const { row, key } = await server.user()
    const headers = cookie(randomUUID())
    expect(await me({ headers }, `?personal_api_key=${key}`)).toBe(row.uuid)
    const invalid = 'Personal API key found in request Authorization header is invalid.'
    const answer = await server.request('GET', '/api/users/@me/', { key: 'an-old-key', headers })
    expectError(answer, 401, 'authentication_failed', invalid)
    const none = await server.request('GET', '/api/users/@me/', { headers })
    expectError(none, 401, 'not_authenticated', 'Authentication credentials were not provided.')
  })

  it('the body says which organization is meant, as with a key', async () => {
    const { owner, id } = await server.organization()
    const made = await server.request('POST', '/api/organizations/', {
      headers: cookie(owner.row.uuid),
      body: { name: 'Second', personal_api_key: 'ignored' },
    })
    expect(made.status).toBe(201)
    expect(made.body.id).not.toBe(id)
  })
})

describe('rate limits', () => {
  const server = useServer(
    withLimits({
      RATE_LIMIT_BURST_PER_MINUTE: '3',
      RATE_LIMIT_FAILURES_PER_MINUTE: '3',
      TRUSTED_PROXIES: '127.0.0.1',
    }),
  )
  const from = async (address: string, key: string) =>
    (await server.request('GET', '/api/users/@me/', { key, headers: { 'x-forwarded-for': address } })).status

  it('count a credential by its id, whatever the token', async () => {
    const email = `${randomUUID()}@example.com`
    const jti = randomUUID()
    const [first, second] = [
      await issuer.token({ ...everything, email, jti }),
      await issuer.token({ ...everything, email, jti, again: 1 }),
    ]
    const other = await issuer.token({ ...everything, email })
    const statuses = []
    for (const key of [first, second, first, second]) statuses.push(await from('203.0.113.1', key))
    expect(statuses).toEqual([200, 200, 200, 429])
    expect(await from('203.0.113.1', other)).toBe(200)
  })

  it('count failures by address, past whose limit only tokens that were valid go on', async () => {
    const email = `${randomUUID()}@example.com`
    const known = await issuer.token({ ...everything, email })
    expect(await from('203.0.113.2', known)).toBe(200)
    const forged = await issuer.token({ ...everything, email }, await generateKeyPair('ES256'))
    const statuses = []
    for (let count = 0; count < 4; count++) statuses.push(await from('203.0.113.2', forged))
    expect(statuses).toEqual([401, 401, 401, 429])
    expect(await from('203.0.113.2', known)).toBe(200)
    const unseen = await issuer.token({ ...everything, email })
    expect(await from('203.0.113.2', unseen)).toBe(429)
    expect(await from('203.0.113.3', unseen)).toBe(200)
  })
})

describe('an authenticator that is wired wrongly keeps the server from starting', () => {
  const authenticator = (name: string, at: string, place?: unknown): Type<Authenticator> => {
    const { [at]: made } = {
      [at]: class {
        name = name
        place = place
      },
    }
    return made as unknown as Type<Authenticator>
  }
  const bearer = { in: 'bearer' }

  it.each<[string, Type<Authenticator>[], string]>([
    ['without a name', [authenticator('', 'One', bearer)], 'The authenticator One has no valid name: '],
    ['without a place', [authenticator('one', 'One')], 'The authenticator One does not say where its credential is: '],
    [
      'with the name of another',
      [authenticator('one', 'One', bearer), authenticator('one', 'Other', bearer)],
      'The authenticators One and Other are both called "one": ',
    ],
  ])('%s', async (_, authenticators, sentence) => {
    await expect(TestServer.start({ plugins: [pluginOf({ authenticators })] })).rejects.toThrow(sentence)
  })
})
