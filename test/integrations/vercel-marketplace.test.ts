import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { SignJWT } from 'jose'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { MembershipLevel, MembersService, UsersDirectory } from '../../src/index.js'
import { type Answer, TestServer, TestUser } from '../support/kit.js'
import { FakeVercel, installationId, json } from '../support/vercel.js'

let vercel: FakeVercel
const server = new TestServer()
let openInvoices = false
const billing = createServer((request, response) => {
  request.resume()
  json(response, 200, { open_invoices: openInvoices })
})

beforeAll(async () => {
  vercel = await new FakeVercel().start()
  billing.listen(0, '127.0.0.1')
  await once(billing, 'listening')
  const billingUrl = `http://127.0.0.1:${(billing.address() as AddressInfo).port}`
  await server.start({
    environment: { ...vercel.environment, BILLING_GATE_URL: billingUrl },
    ownDatabase: true,
  })
})

afterAll(async () => {
  await server.close()
  await vercel.stop()
  billing.close()
})

const payload = (email = `${randomUUID()}@example.com`) => ({
  scopes: ['read:project'],
  acceptedPolicies: { toc: '2026-01-01' },
  credentials: { access_token: 'planted-access-token', token_type: 'Bearer' },
  account: { name: 'Acme', url: 'https://vercel.com/acme', contact: { email, name: 'Ada' } },
})

async function call(
  method: string,
  path: string,
  { token, auth = 'user', body, headers }: { token: string; auth?: string; body?: unknown; headers?: object },
): Promise<Answer> {
  return server.request(method, `/api/vercel/v1${path}`, {
    key: token,
    body,
    headers: { 'x-vercel-auth': auth, ...headers },
  })
}

/** What Vercel does with an installation that it made. */
class Installation {
  readonly id = installationId()
  readonly email = `${randomUUID()}@example.com`

  async put(body: unknown = payload(this.email)): Promise<Answer> {
    return call('PUT', `/installations/${this.id}`, { token: await vercel.userToken(this.id), body })
  }

  async user(method: string, path = '', body?: unknown, headers?: object): Promise<Answer> {
    const token = await vercel.userToken(this.id)
    return call(method, `/installations/${this.id}${path}`, { token, body, headers })
  }

  async system(method: string, path = '', body?: unknown): Promise<Answer> {
    const token = await vercel.systemToken(this.id)
    return call(method, `/installations/${this.id}${path}`, { token, auth: 'system', body })
  }

  /** The person who installed, with a key. */
  async owner(): Promise<TestUser> {
    const user = await server.application.get(UsersDirectory).byEmail(this.email)
    return new TestUser(server, user!, await server.key(user!.id, {}))
  }

  resource = (name = 'Store') => ({ productId: 'polity', name, metadata: { region: 'eu' }, billingPlanId: 'usage' })
}

async function installed(): Promise<Installation> {
  const installation = new Installation()
  expect((await installation.put()).status).toBe(204)
  return installation
}

const expectRefusal = ({ status, body }: Answer, expected: number, message: string | RegExp) => {
  expect(status).toBe(expected)
  expect(body).toEqual({
    error: {
      code: expected >= 500 ? 'internal_error' : 'request_failed',
      message: expect.stringMatching(message),
      user: { message: body.error.message, url: null },
    },
  })
}

describe('tokens of Vercel', () => {
  const now = () => Math.floor(Date.now() / 1_000)

  it.each<[string, (id: string) => Promise<string> | string]>([
    ['expired', (id) => vercel.userToken(id, { exp: now() - 11 })],
    ['of another audience', (id) => vercel.userToken(id, { aud: 'oac_other' })],
    ['of another issuer', (id) => vercel.userToken(id, { iss: 'https://evil.example' })],
    ['without an expiry', (id) => vercel.userToken(id, { exp: undefined })],
    ['without a role', (id) => vercel.userToken(id, { user_role: undefined })],
    ['of a role that does not exist', (id) => vercel.userToken(id, { user_role: 'ROOT' })],
    ['of a system', (id) => vercel.systemToken(id)],
    ['with a foreign subject', (id) => vercel.userToken(id, { sub: 'user:1' })],
    ['with an unknown key id', (id) => vercel.token({ sub: 'account:0a:user:1', installation_id: id }, { kid: 'no' })],
    ['no token', () => 'not.a.token'],
    [
      'alg none',
      (id) =>
        [{ alg: 'none' }, { iss: vercel.url, aud: 'oac_polity_test', installation_id: id, exp: now() + 60 }]
          .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
          .join('.') + '.',
    ],
    [
      'signed with the public key as an HMAC secret',
      async (id) => {
        const { exportSPKI } = await import('jose')
        const secret = new TextEncoder().encode(await exportSPKI(vercel.publicKey))
        return new SignJWT({ sub: 'account:0a:user:1', user_id: 'u', user_role: 'ADMIN', installation_id: id })
          .setProtectedHeader({ alg: 'HS256' })
          .setIssuer(vercel.url)
          .setAudience('oac_polity_test')
          .setExpirationTime('5m')
          .sign(secret)
      },
    ],
  ])('are refused when %s', async (_, token) => {
    const id = installationId()
    const answer = await call('PUT', `/installations/${id}`, { token: await token(id), body: payload() })
    expectRefusal(answer, 401, /^Invalid user authentication token$/)
  })

  it('need both headers', async () => {
    const path = `/api/vercel/v1/installations/${installationId()}`
    expectRefusal(await server.request('PUT', path), 401, /^Missing Token for Vercel request$/)
    expectRefusal(await server.request('PUT', path, { key: 'x' }), 401, /^Missing or invalid X-Vercel-Auth header$/)
    const answer = await server.request('PUT', path, { key: 'x', headers: { 'x-vercel-auth': 'admin' } })
    expectRefusal(answer, 401, /^Missing or invalid X-Vercel-Auth header$/)
  })

  it('open only what they are for: their kind, their role, their installation', async () => {
    const installation = await installed()
    const path = `/installations/${installation.id}`
    const [user, system] = [await vercel.userToken(installation.id), await vercel.systemToken(installation.id)]
    const kind = /^Auth type '(user|system)' not allowed for this endpoint. Supported types: (user|system)$/
    expectRefusal(await call('GET', path, { token: user }), 403, kind)
    expectRefusal(await call('PUT', path, { token: system, auth: 'system', body: payload() }), 403, kind)
    const plain = await vercel.userToken(installation.id, { user_role: 'USER' })
    expectRefusal(
      await call('PATCH', path, { token: plain, body: { billingPlanId: 'team' } }),
      403,
      /^Action 'partial_update' requires ADMIN role. Current role: USER$/,
    )
    const other = await vercel.systemToken(installationId())
    expectRefusal(await call('GET', path, { token: other, auth: 'system' }), 403, /^Installation ID mismatch$/)
    const malformed = await call('GET', '/installations/icfg_x', { token: other, auth: 'system' })
    expectRefusal(malformed, 400, /^Invalid installation ID$/)
    expect((await call('GET', path, { token: system, auth: 'SYSTEM' })).status).toBe(200)
  })

  it('tolerate ten seconds, and keys that were rotated', async () => {
    const installation = await installed()
    const late = await vercel.systemToken(installation.id, { exp: now() - 5 })
    expect((await call('GET', `/installations/${installation.id}`, { token: late, auth: 'system' })).status).toBe(200)
  })

  it('from before its removal do not bring an installation back', async () => {
    const installation = await installed()
    const token = await vercel.userToken(installation.id, { iat: now() - 5 })
    expect((await installation.system('DELETE')).status).toBe(200)
    const replayed = await call('PUT', `/installations/${installation.id}`, { token, body: payload() })
    expectRefusal(replayed, 409, /removed after this token/)
  })
})

describe('an installation from Vercel’s marketplace', () => {
  it('makes an organization whose owner is who installed, and shows no secret', async () => {
    const installation = await installed()
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/')
    expect(body.results).toMatchObject([{ name: 'Acme', membership_level: MembershipLevel.Owner, projects: [] }])
    const list = await owner.get(`/api/organizations/${body.results[0].id}/integrations/`)
    expect(list.body.results).toMatchObject([
      { kind: 'vercel', integration_id: installation.id, created_by: { email: installation.email } },
    ])
    expect(list.body.results[0].config).toMatchObject({ type: 'marketplace', account: { name: 'Acme' } })
    expect(list.text).not.toContain('planted')
    expect(list.body.results[0].config.credentials).toBeUndefined()
    const [row] = await server.database.dataSource.query(
      'select config::text, sensitive_config from organization_integrations where integration_id = $1',
      [installation.id],
    )
    expect(row.config).not.toContain('planted')
    expect(row.sensitive_config).toMatch(/^test\.[\w-]+$/)
  })

  it('is the same when Vercel repeats itself, also at the same moment', async () => {
    const installation = new Installation()
    const answers = await Promise.all([1, 2, 3, 4].map(() => installation.put()))
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204])
    expect((await installation.put()).status).toBe(204)
    const owner = await installation.owner()
    expect((await owner.get('/api/organizations/')).body.count).toBe(1)
  })

  it('joins the account that the address has', async () => {
    const known = await server.user()
    const installation = new Installation()
    expect((await installation.put(payload(known.row.email.toUpperCase()))).status).toBe(204)
    expect((await known.get('/api/organizations/')).body.results).toMatchObject([{ name: 'Acme' }])
  })

  it('keeps whom it has mapped, when it is renewed', async () => {
    const installation = await installed()
    await installation.put({ ...payload(installation.email), scopes: ['read:user'] })
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/@current/integrations/')
    expect(body.results[0].config).toMatchObject({
      scopes: ['read:user'],
      user_mappings: { [`user_${installation.id}`]: owner.row.id },
    })
  })

  it.each<[string, unknown]>([
    ['scopes: This field is required.', { ...payload(), scopes: undefined }],
    ['scopes', { ...payload(), scopes: [] }],
    ['credentials__access_token', { ...payload(), credentials: { token_type: 'Bearer' } }],
    ['account__contact__email', { ...payload(), account: { url: 'https://x.example', contact: { email: 'x' } } }],
    ['Null characters', { ...payload(), acceptedPolicies: { toc: 'a\0b' } }],
    ['Null characters', { ...payload(), acceptedPolicies: { toc: '\ud800' } }],
    ['JSON parse error', '{'],
  ])('refuses a payload: %s', async (message, body) => {
    const installation = new Installation()
    expectRefusal(await installation.put(body), 400, new RegExp(`^${message}`))
    expect(await server.application.get(UsersDirectory).byEmail(installation.email)).toBeNull()
  })

  it('has a plan, which an admin chooses', async () => {
    const installation = await installed()
    expect((await installation.system('GET')).body).toMatchObject({ billingPlan: { id: 'usage' } })
    expect((await installation.user('PATCH', '', { billingPlanId: 'team' })).status).toBe(204)
    expect((await installation.system('GET')).body).toMatchObject({ billingPlan: { id: 'team' } })
    expectRefusal(await installation.user('PATCH', '', { billingPlanId: 'no' }), 400, /billing plan "no"/)
    const plans = await installation.system('GET', '/plans')
    expect(plans.body.plans.map(({ id }: { id: string }) => id)).toEqual(['usage', 'team'])
    const product = (slug: string) =>
      vercel
        .systemToken(installation.id)
        .then((token) => call('GET', `/products/${slug}/plans`, { token, auth: 'system' }))
    expect((await product('polity')).body).toEqual(plans.body)
    expectRefusal(await product('other'), 404, /^Product not found$/)
  })

  it('ends once its invoices are paid, and says so again to a repeat', async () => {
    const installation = await installed()
    const owner = await installation.owner()
    openInvoices = true
    expectRefusal(await installation.system('DELETE'), 409, /unpaid invoices/)
    openInvoices = false
    for (let time = 0; time < 2; time++) {
      const answer = await installation.system('DELETE', '', { cascadeResourceDeletion: true, reason: 'x' })
      expect(answer).toMatchObject({ status: 200, body: { finalized: true } })
    }
    expect((await owner.get('/api/organizations/@current/integrations/')).body.count).toBe(0)
    expectRefusal(await new Installation().system('DELETE'), 404, /^Installation not found$/)
    expectRefusal(await installation.system('GET'), 404, /^Installation not found$/)
  })

  it('is told at Vercel when an owner disconnects it here, and goes even if Vercel does not answer', async () => {
    const [first, second] = [await installed(), await installed()]
    const disconnect = async (installation: Installation) => {
      const owner = await installation.owner()
      const { body } = await owner.get('/api/organizations/@current/integrations/')
      return owner.delete(`/api/organizations/@current/integrations/${body.results[0].id}/`)
    }
    expect((await disconnect(first)).status).toBe(204)
    expect(vercel.callsTo(new RegExp(`^DELETE /v1/integrations/configuration/${first.id}`))).toHaveLength(1)
    vercel.trouble = (_, response) => json(response, 400, {})
    expect((await disconnect(second)).status).toBe(204)
    vercel.trouble = undefined
  })
})

describe('a resource of Vercel’s', () => {
  it('is a project, whose token is its secret', async () => {
    const installation = await installed()
    const made = await installation.user('POST', '/resources', installation.resource())
    expect(made).toMatchObject({
      status: 200,
      body: {
        productId: 'polity',
        name: 'Store',
        metadata: { region: 'eu' },
        status: 'ready',
        billingPlan: { id: 'usage' },
      },
    })
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/@current/')
    expect(body.teams).toMatchObject([{ id: Number(made.body.id), name: 'Store' }])
    expect(made.body.secrets).toEqual([
      { name: 'NEXT_PUBLIC_POLITY_PROJECT_TOKEN', value: body.teams[0].api_token },
      { name: 'NEXT_PUBLIC_POLITY_HOST', value: 'https://api.polity.test' },
    ])
    expect((await installation.system('GET', `/resources/${made.body.id}/`)).body).toEqual(made.body)
  })

  it('is made once, however often Vercel asks with one key', async () => {
    const installation = await installed()
    const key = { 'idempotency-key': randomUUID() }
    const made = await Promise.all(
      [1, 2, 3].map(() => installation.user('POST', '/resources', installation.resource(), key)),
    )
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1)
    const external = { ...installation.resource(), externalId: 'ext-1' }
    const [one, two] = [
      await installation.user('POST', '/resources', external),
      await installation.user('POST', '/resources', external),
    ]
    expect(one.body.id).toBe(two.body.id)
    expect(one.body.id).not.toBe(made[0]!.body.id)
  })

  it('changes, rotates its secret and ends, the project staying', async () => {
    const installation = await installed()
    const made = await installation.user('POST', '/resources', installation.resource())
    const path = `/resources/${made.body.id}`
    const changed = await installation.user('PATCH', path, { name: 'Shop', billingPlanId: 'team' })
    expect(changed).toMatchObject({
      status: 200,
      body: { name: 'Shop', metadata: { region: 'eu' }, billingPlan: { id: 'team' } },
    })
    const rotated = await installation.user('POST', `${path}/secrets/rotate`, { reason: 'leak' })
    expect(rotated).toMatchObject({ status: 200, body: { sync: true } })
    expect(rotated.body.secrets[0].value).not.toBe(made.body.secrets[0].value)
    expect((await installation.system('GET', `${path}/plans`)).body.plans).toHaveLength(2)
    for (let time = 0; time < 2; time++) expect((await installation.user('DELETE', path)).status).toBe(204)
    expectRefusal(await installation.system('GET', path), 404, /^Resource not found$/)
    const owner = await installation.owner()
    expect((await owner.get('/api/organizations/@current/')).body.projects).toMatchObject([{ name: 'Shop' }])
  })

  it('of another installation is out of reach', async () => {
    const [mine, theirs] = [await installed(), await installed()]
    const { body } = await theirs.user('POST', '/resources', theirs.resource())
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await mine.user(method, `/resources/${body.id}`, method === 'PATCH' ? { name: 'x' } : undefined)
      expectRefusal(answer, 400, /^Resource does not belong to this installation/)
    }
    for (const id of ['abc', '-1', '0', '123abc', '99999999999'])
      expectRefusal(await mine.system('GET', `/resources/${id}`), 400, /^Invalid Resource ID$/)
    expectRefusal(await mine.system('GET', '/resources/2147483647'), 404, /^Resource not found$/)
  })

  it('is not made in an organization that is being deleted', async () => {
    const installation = await installed()
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/@current/')
    await owner.delete(`/api/organizations/${body.id}/`)
    expectRefusal(await installation.user('POST', '/resources', installation.resource()), 409, /being deleted/)
  })
})

describe('signing in from Vercel', () => {
  async function arrive(installation: Installation, claims: object, query: Record<string, string> = {}) {
    const code = randomUUID()
    vercel.codes.set(code, { idToken: await vercel.userToken(installation.id, claims as never) })
    const parameters = new URLSearchParams({ mode: 'sso', code, state: 's', ...query })
    return { code, answer: await server.request('GET', `/api/vercel/sso?${parameters}`) }
  }
  const target = (answer: Answer) => new URL(answer.headers.get('location')!)
  const exchange = (ticket: string) => server.request('POST', '/api/vercel/sso/exchange', { body: { ticket } })

  it('brings who installed to the app, with a ticket for one key', async () => {
    const installation = await installed()
    const { answer } = await arrive(
      installation,
      { user_email: installation.email },
      { path: 'billing', resource_id: '' },
    )
    expect(answer.status).toBe(302)
    const url = target(answer)
    expect(url.origin + url.pathname).toBe('https://app.polity.test/')
    expect(Object.fromEntries(url.searchParams)).toEqual({ ticket: expect.any(String), path: 'billing' })
    const session = await exchange(url.searchParams.get('ticket')!)
    const owner = await installation.owner()
    expect(session.body).toMatchObject({ user_id: owner.row.id, resource_id: null })
    const me = await server.request('GET', '/api/users/@me/', { key: session.body.personal_api_key })
    expect(me.body.email).toBe(installation.email)
    expect((await exchange(url.searchParams.get('ticket')!)).status).toBe(400)
  })

  it('makes colleagues members, once', async () => {
    const installation = await installed()
    const claims = { user_id: 'colleague', user_email: `${randomUUID()}@example.com`, user_name: 'Grace' }
    for (let time = 0; time < 2; time++) {
      const { answer } = await arrive(installation, claims)
      const session = await exchange(target(answer).searchParams.get('ticket')!)
      const key = session.body.personal_api_key
      const { body } = await server.request('GET', '/api/organizations/', { key })
      expect(body.results).toMatchObject([{ name: 'Acme', membership_level: MembershipLevel.Member }])
    }
  })

  it('asks somebody with an account of their own to prove it', async () => {
    const installation = await installed()
    const [known, stranger] = [await server.user(), await server.user()]
    const { answer } = await arrive(installation, { user_id: 'known', user_email: known.row.email })
    const ticket = target(answer).searchParams.get('link')!
    expect(target(answer).searchParams.has('ticket')).toBe(false)
    expect((await known.get('/api/organizations/')).body.count).toBe(0)
    expect((await stranger.post('/api/vercel/sso/link', { ticket })).status).toBe(403)
    expect((await known.post('/api/vercel/sso/link', { ticket })).status).toBe(200)
    expect((await known.post('/api/vercel/sso/link', { ticket })).status).toBe(400)
    const again = await arrive(installation, { user_id: 'known', user_email: known.row.email })
    expect(target(again.answer).searchParams.has('ticket')).toBe(true)
  })

  it('refuses who is no member any more', async () => {
    const installation = await installed()
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/@current/')
    await server.application.get(MembersService).remove(body.id, owner.row.id)
    const { answer } = await arrive(installation, { user_email: installation.email })
    expectRefusal(answer, 401, /^Vercel authentication failed$/)
  })

  it('takes a code and an id token once', async () => {
    const installation = await installed()
    const { code } = await arrive(installation, { user_email: installation.email })
    const again = await server.request('GET', `/api/vercel/sso?mode=sso&state=s&code=${code}`)
    expectRefusal(again, 401, /^Vercel authentication failed$/)
    const idToken = await vercel.userToken(installation.id, { user_email: installation.email })
    const answers = []
    for (const replay of [randomUUID(), randomUUID()]) {
      vercel.codes.set(replay, { idToken })
      answers.push(await server.request('GET', `/api/vercel/sso?mode=sso&state=s&code=${replay}`))
    }
    expect(answers.map(({ status }) => status)).toEqual([302, 401])
  })

  it.each([
    '',
    'mode=sso&code=x',
    'mode=sso&state=x',
    'mode=other&code=x&state=y',
    'mode=sso&code=x&state=y&path=admin',
    'mode=sso&code=x&state=y&url=https://evil.example',
    'mode=sso&code=x&state=y&url=javascript:alert(1)',
    'mode=sso&code=x&state=y&url=//evil.example',
    'mode=sso&code=x&state=y&url=https://app.polity.test.evil.example',
  ])('refuses ?%s', async (query) => {
    expectRefusal(await server.request('GET', `/api/vercel/sso?${query}`), 400, /^The sign-in request/)
  })

  it('refuses whom Vercel does not vouch for', async () => {
    const installation = await installed()
    for (const claims of [{ aud: 'other', user_email: installation.email }, { user_email: undefined }])
      expectRefusal((await arrive(installation, claims)).answer, 401, /^Vercel authentication failed$/)
    expectRefusal((await arrive(new Installation(), { user_email: 'a@b.example' })).answer, 401, /failed$/)
  })
})

it('nothing secret of Vercel’s is in the log', () => {
  expect(server.logLines.length).toBeGreaterThan(50)
  expect(server.logLines.join('')).not.toMatch(/planted|eyJ/)
})
