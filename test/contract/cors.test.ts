import { beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { RouteDeclarations } from '../../src/index.js'
import { expectError, useServer } from '../support/kit.js'

const origin = 'https://admin.example.com'
const server = useServer({ environment: { CORS_ORIGINS: `https://other.example.com,${origin}` } })
const plain = useServer()

/** A path of every route, those of the document and of its page among them. */
const paths: string[] = ['/api/schema/', '/api/docs/']
beforeAll(() => {
  for (const { path } of server.application.get(RouteDeclarations).all())
    paths.push(`${path.replace(/:\w+/g, randomUUID())}/`)
})

const headersOf = async (method: string, path: string, headers: Record<string, string>, on = server) => {
  const answer = await on.request(method, path, { headers })
  const cors = [...answer.headers].filter(([name]) => name.startsWith('access-control-'))
  return { ...answer, cors: Object.fromEntries(cors), vary: answer.headers.get('vary') }
}

describe('a page of an origin in CORS_ORIGINS', () => {
  it('may call every route by all the methods that its Allow names', async () => {
    expect(new Set(paths).size).toBeGreaterThan(15)
    for (const path of paths) {
      const allow = (await plain.request('OPTIONS', path)).headers.get('allow')
      const preflight = await headersOf('OPTIONS', path, {
        origin,
        'access-control-request-method': 'DELETE',
        'access-control-request-headers': 'authorization,content-type',
      })
      expect({ path, ...preflight }).toMatchObject({
        path,
        status: 204,
        text: '',
        vary: 'Origin, Access-Control-Request-Headers',
        cors: {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': allow,
          'access-control-allow-headers': 'authorization,content-type',
          'access-control-max-age': '7200',
        },
      })
    }
  })

  it('reads answers and errors, with their request id', async () => {
    const { owner, path } = await server.organization()
    for (const key of [owner.key, 'phx_wrong', undefined])
      for (const method of ['GET', 'PATCH', 'PURGE']) {
        const answer = await server.request(method, path, { key, headers: { origin } })
        expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
        expect(answer.headers.get('access-control-expose-headers')).toBe('X-Request-Id, Retry-After')
        expect(answer.headers.get('vary')).toBe('Origin')
      }
  })

  it('is told that a path does not exist', async () => {
    const preflight = { origin, 'access-control-request-method': 'GET' }
    const missing = await server.request('OPTIONS', '/api/nothing/', { headers: preflight })
    expectError(missing, 404, 'not_found', 'Endpoint not found.')
  })
})

describe('CORS changes nothing for', () => {
  it.each([
    ['a page from elsewhere', { origin: 'https://evil.example.com' }],
    ['an origin that only begins alike', { origin: `${origin}.evil.example.com` }],
    ['a client without an origin', {}],
  ])('%s', async (_, headers: Record<string, string>) => {
    const { owner, path } = await server.organization()
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      const asked = { ...headers, 'access-control-request-method': method }
      const options = await headersOf('OPTIONS', path, asked)
      expect(options).toMatchObject({ status: 204, cors: {}, vary: 'Origin' })
      expect(options.headers.get('allow')).toBe('DELETE, GET, HEAD, OPTIONS, PATCH, PUT')
    }
    const answer = await server.request('GET', path, { key: owner.key, headers })
    expect(answer).toMatchObject({ status: 200, body: { id: path.split('/')[3] } })
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
    expect(answer.headers.get('vary')).toBe('Origin')
  })

  it('a plain OPTIONS, nor where CORS_ORIGINS is not set', async () => {
    for (const on of [server, plain])
      for (const path of paths) {
        const { status, text, cors, headers } = await headersOf('OPTIONS', path, { origin }, on)
        expect({ path, status, text, allow: headers.get('allow') }).toMatchObject({ status: 204, text: '' })
        expect(headers.get('allow')).toContain('OPTIONS')
        expect(Object.keys(cors)).toHaveLength(on === server ? 2 : 0)
      }
  })
})
