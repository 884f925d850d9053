import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals'
import { SignJWT } from 'jose'
import { TestServer } from '../support/kit.js'
import { FakeVercel, installationId, json } from '../support/vercel.js'
import { expectRefusal, payload, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace()
const { server, vercel, call } = marketplace

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
    const installation = await marketplace.installed()
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

  it('tolerate ten seconds', async () => {
    const installation = await marketplace.installed()
    const late = await vercel.systemToken(installation.id, { exp: now() - 5 })
    expect((await call('GET', `/installations/${installation.id}`, { token: late, auth: 'system' })).status).toBe(200)
  })

  it('from before its removal do not bring an installation back', async () => {
    const installation = await marketplace.installed()
    const token = await vercel.userToken(installation.id, { iat: now() - 5 })
    expect((await installation.system('DELETE')).status).toBe(200)
    const replayed = await call('PUT', `/installations/${installation.id}`, { token, body: payload() })
    expectRefusal(replayed, 409, /removed after this token/)
  })
})

describe('the keys of Vercel', () => {
  afterEach(() => {
    jest.restoreAllMocks()
    vercel.jwksTrouble = undefined
  })

  /** A server that knows no key yet. */
  async function fresh(): Promise<(token: string) => Promise<number>> {
    const other = await TestServer.start({ environment: vercel.environment })
    started.push(other)
    return async (token) => {
      const headers = { 'x-vercel-auth': 'system' }
      return (await other.request('GET', '/api/vercel/v1/products/polity/plans', { key: token, headers })).status
    }
  }
  const started: TestServer[] = []
  afterAll(() => Promise.all(started.map((one) => one.close())))

  const passes = (ms: number) => {
    const now = Date.now.bind(Date)
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ms)
  }

  it('are fetched once, and again for a key that is new; the old one opens nothing then', async () => {
    const ask = await fresh()
    const [before, id] = [vercel.jwksFetches, installationId()]
    const old = await vercel.systemToken(id)
    expect([await ask(old), await ask(old), await ask(await vercel.systemToken(id))]).toEqual([200, 200, 200])
    expect(vercel.jwksFetches - before).toBe(1)
    await vercel.rotateKeys()
    expect(await ask(old)).toBe(200)
    passes(31_000)
    expect([await ask(await vercel.systemToken(id)), await ask(old)]).toEqual([200, 401])
    expect(vercel.jwksFetches - before).toBe(2)
  })

  it('are not fetched by each token that names a key nobody has', async () => {
    const ask = await fresh()
    expect(await ask(await vercel.systemToken(installationId()))).toBe(200)
    passes(31_000)
    const before = vercel.jwksFetches
    for (let time = 0; time < 5; time++)
      expect(await ask(await vercel.token({ sub: 'account:0a', installation_id: null }, { kid: `k${time}` }))).toBe(401)
    expect(vercel.jwksFetches - before).toBe(1)
  })

  it.each<[string, FakeVercel['jwksTrouble']]>([
    ['500', (_, response) => json(response, 500, {})],
    ['malformed JSON', (_, response) => void response.writeHead(200).end('{"keys": [{')],
    ['something else', (_, response) => json(response, 200, { keys: 'planted-keys' })],
    ['a connection reset', (request) => void request.socket.resetAndDestroy()],
    ['silence', () => undefined],
    ['10 MB', (_, response) => void response.writeHead(200).end(Buffer.alloc(10_485_760))],
  ])(
    'are unknown for as long as there is %s: 503, which Vercel tries again, and nothing is let in',
    async (_, trouble) => {
      const ask = await fresh()
      vercel.jwksTrouble = trouble
      const token = await vercel.systemToken(installationId())
      expect(await ask(token)).toBe(503)
      vercel.jwksTrouble = undefined
      expect(await ask(token)).toBe(200)
    },
  )
})
