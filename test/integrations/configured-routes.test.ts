import { describe, expect, it } from '@jest/globals'
import { expectError, raw, useServer } from '../support/kit.js'
import { expectRefusal, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace()
const { server, vercel } = marketplace
const plain = useServer()

const paths = async (on: typeof server): Promise<string[]> =>
  Object.keys((await on.request('GET', '/api/schema/')).body.paths)

const frontend = [
  '/api/vercel/sso/',
  '/api/vercel/sso/exchange/',
  '/api/vercel/sso/link/',
  '/api/vercel/connect/start/',
  '/api/vercel/connect/callback/',
  '/api/vercel/connect/session/',
  '/api/vercel/connect/complete/',
]

describe('a server that no marketplace is set up on', () => {
  it('has none of their routes, and describes none', async () => {
    expect((await paths(plain)).filter((path) => /vercel|aws/.test(path))).toEqual([])
    const { owner, path } = await plain.organization()
    for (const answer of [
      await owner.get('/api/vercel/connect/session?session=x'),
      await owner.post('/api/vercel/connect/start', {}),
      await owner.post('/api/vercel/sso/exchange', { ticket: 'x' }),
      await owner.get('/api/vercel/v1/products/polity/plans'),
      await owner.post('/api/aws-marketplace/register', {}),
      await owner.post('/api/aws-marketplace/sns', {}),
      await owner.post(`${path}integrations/aws-marketplace/claim/`, { registration: 'x' }),
    ])
      expectError(answer, 404, 'not_found', 'Endpoint not found.')
  })
})

describe('a server that one marketplace is set up on', () => {
  it('describes its routes and no other’s', async () => {
    const described = (await paths(server)).filter((path) => /vercel|aws/.test(path))
    expect(described.sort()).toEqual([...frontend].sort())
  })
})

describe('Vercel’s routes', () => {
  it.each([
    ['GET', '/api/vercel/v1/'],
    ['GET', '/api/vercel/v1/nothing'],
    ['GET', '/api/vercel/v1/installations'],
    ['POST', '/api/vercel/v1/products/polity?x=/api/'],
  ])('answer %s %s, which is none, with 404 in Vercel’s shape', async (method, path) => {
    expectRefusal(await server.request(method, path), 404, /^Endpoint not found\.$/)
  })

  it.each([
    ['POST', `/api/vercel/v1/installations/icfg_${'a'.repeat(24)}`, 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
    ['PUT', `/api/vercel/v1/installations/icfg_${'a'.repeat(24)}/resources/`, 'OPTIONS, POST'],
    ['DELETE', '/api/vercel/v1/products/polity/plans', 'GET, HEAD, OPTIONS'],
    ['PUT', '/api/vercel/sso', 'GET, HEAD, OPTIONS'],
  ])('answer %s %s with 405 in Vercel’s shape, and say what they allow', async (method, path, allow) => {
    const answer = await server.request(method, path)
    expectRefusal(answer, 405, new RegExp(`^Method "${method}" not allowed\\.$`))
    expect(answer.headers.get('allow')).toBe(allow)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  })

  it.each(['%zz', 'installations/%', `installations/${'a'.repeat(600)}`, '%c3%28'])(
    'answer a path that nobody can read with 404 in Vercel’s shape: %s',
    async (path) => {
      const answer = await server.request('GET', `/api/vercel/v1/${path}`)
      expectRefusal(answer, 404, /^(Not found|Endpoint not found)\.$/)
      expect(answer.headers.get('x-request-id')).not.toBeNull()
    },
  )

  it('answer a request for no host with 400 in Vercel’s shape', async () => {
    const answer = await raw(server, 'GET /api/vercel/v1/nothing HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'request_failed' } })
  })

  it('answer a body that they cannot read in Vercel’s shape', async () => {
    const installation = await marketplace.installed()
    const token = await vercel.userToken(installation.id)
    const headers = { 'x-vercel-auth': 'user', 'content-type': 'nonsense' }
    const path = `/api/vercel/v1/installations/${installation.id}`
    const answer = await server.request('PUT', path, { key: token, body: 'x', headers })
    expectRefusal(answer, 415, /^Unsupported media type/)
  })

  it.each(['/api/vercel/v1x', '/api/vercel/sso/exchange', '/api/vercel/connect/nothing', '/api/nothing'])(
    'end where PUT %s is ours',
    async (path) => {
      const { body } = await server.request('PUT', path)
      expect(Object.keys(body)).toEqual(['type', 'code', 'detail', 'attr'])
    },
  )
})
