import { describe, expect, it } from '@jest/globals'
import { expectError, type TestServer, useServer } from '../support/kit.js'

const limits = { RATE_LIMIT_BURST_PER_MINUTE: '3' }
const behindProxy = useServer({ environment: { ...limits, TRUSTED_PROXIES: '127.0.0.1' } })
const behindOther = useServer({ environment: { ...limits, TRUSTED_PROXIES: '10.0.0.0/8' } })
const named = useServer({
  environment: { TRUSTED_PROXIES: '127.0.0.1', PUBLIC_URL: 'https://polity.example.com/base/' },
})
const alone = useServer({ environment: limits })

const forwarded = {
  'x-forwarded-host': 'api.example.com',
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '203.0.113.7',
}

const links = async (server: TestServer, headers: Record<string, string>) => {
  const { owner } = await server.organization()
  await owner.post('/api/organizations/', { name: 'Second' })
  return (await server.request('GET', '/api/organizations/?limit=1', { key: owner.key, headers })).body.next
}

describe('X-Forwarded-* of a trusted proxy', () => {
  it('is what the links of a page say', async () => {
    const next = 'https://api.example.com/api/organizations/?limit=1&offset=1'
    expect(await links(behindProxy, forwarded)).toBe(next)
  })

  it('is believed in its last word only, which is the proxy’s own', async () => {
    const next = await links(behindProxy, { ...forwarded, 'x-forwarded-host': 'evil.example.com, api.example.com' })
    expect(next).toMatch(/^https:\/\/api\.example\.com\//)
  })

  it.each(['api.example.com/evil', 'a:b', 'user@evil.example.com', '"><script>', 'a b'])(
    'is no host where it says %j: then the Host header counts',
    async (host) => {
      const next = await links(behindProxy, { ...forwarded, 'x-forwarded-host': host })
      expect(next).toBe(`${behindProxy.url.replace('http:', 'https:')}/api/organizations/?limit=1&offset=1`)
    },
  )

  it.each(['javascript', 'ftp', 'http:', 'https, javascript'])('is no protocol where it says %j', async (protocol) => {
    const next = await links(behindProxy, { ...forwarded, 'x-forwarded-proto': protocol })
    expect(next).toBe('http://api.example.com/api/organizations/?limit=1&offset=1')
  })

  it('means nothing to links where PUBLIC_URL says how the server is reached', async () => {
    const next = 'https://polity.example.com/base/api/organizations/?limit=1&offset=1'
    expect(await links(named, forwarded)).toBe(next)
    expect(await links(named, {})).toBe(next)
    const servers = async (on: TestServer) =>
      (await on.request('GET', '/api/schema/', { headers: forwarded })).body.servers
    expect(await servers(named)).toEqual([{ url: 'https://polity.example.com/base' }])
    expect(await servers(behindProxy)).toEqual([{ url: '/' }])
  })

  it('says whose requests are counted', async () => {
    const ask = (address: string) => anonymous(behindProxy, { 'x-forwarded-for': address })
    for (let count = 0; count < 3; count++) expect((await ask('198.51.100.7')).status).toBe(401)
    expect((await ask('198.51.100.7')).status).toBe(429)
    expect((await ask('198.51.100.8')).status).toBe(401)
  })
})

describe.each([
  ['without a trusted proxy', alone],
  ['of a proxy that is not trusted', behindOther],
])('X-Forwarded-* %s', (_name, server) => {
  it('means nothing to links', async () => {
    expect(await links(server, forwarded)).toBe(`${server.url}/api/organizations/?limit=1&offset=1`)
  })

  it('does not get around the limit of an address', async () => {
    const statuses = []
    for (let count = 0; count < 4; count++)
      statuses.push((await anonymous(server, { 'x-forwarded-for': `203.0.113.${count}` })).status)
    expect(statuses).toEqual([401, 401, 401, 429])
    const refused = await anonymous(server, forwarded)
    const seconds = refused.headers.get('retry-after')
    expectError(refused, 429, 'throttled', `Request was throttled. Expected available in ${seconds} seconds.`)
  })
})

const anonymous = (server: TestServer, headers: Record<string, string>) =>
  server.request('GET', '/api/organizations/', { headers })
