import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { RouteDeclarations } from '../../src/index.js'
import { expectError, raw, type TestServer, useServer } from '../support/kit.js'

const METRICS_TOKEN = 'a token of the operator'
const server = useServer({ environment: { METRICS_TOKEN } })

/** Sends a request as it stands, and reads the answer as `request` does. */
async function send(start: string, headers: Record<string, string> = {}, body = '', to: TestServer = server) {
  const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...headers }).filter(([, value]) => value)
  const bytes = `${start}\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n${body}`
  const [head, text] = (await raw(to, bytes)).split('\r\n\r\n')
  const [status, ...fields] = head!.split('\r\n')
  const read = new Headers(fields.map((field) => field.split(': ') as [string, string]))
  const json = read.get('content-type')?.includes('json') && text
  return { status: Number(status!.split(' ')[1]), headers: read, text: text!, body: json ? JSON.parse(text) : null }
}

const bearer = ({ key }: { key: string }) => ({ Authorization: `Bearer ${key}` })

describe('HEAD', () => {
  it('answers wherever GET does, with its headers and without its body', async () => {
    const { owner, id, path } = await server.organization()
    const routes = server.application.get(RouteDeclarations).all()
    const gets = routes.filter(({ method }) => method === 'GET').map((route) => route.path)
    expect(gets.length).toBeGreaterThan(10)
    const own = ['/api/schema/', '/api/schema/?format=yaml', '/api/docs/', '/api/docs-assets/swagger-ui.css', path]
    for (const url of [...own, ...gets.map((get) => get.replace(/:(organization_)?id/, id).replace(/:\w+/g, '@me'))]) {
      const key = url === '/metrics' ? METRICS_TOKEN : owner.key
      const [get, head] = [await server.request('GET', url, { key }), await server.request('HEAD', url, { key })]
      expect({ url, status: head.status, text: head.text }).toEqual({ url, status: get.status, text: '' })
      const told = (name: string) => [head, get].map(({ headers }) => headers.get(name))
      const [type, expected] = told('content-type')
      expect({ url, type }).toEqual({ url, type: expected })
      const [length, full] = told('content-length')
      // What changes from one moment to the next, and a file, whose length nobody looks up.
      if (!/^\/(readyz|metrics|api\/docs-assets)/.test(url)) expect({ url, length }).toEqual({ url, length: full })
    }
    expect((await server.request('HEAD', path)).status).toBe(401)
  })
})

describe('a target in absolute form', () => {
  it('is one like any other, of the host that it names', async () => {
    const { owner, path, view } = await server.organization()
    await owner.post('/api/organizations/', { name: 'Second' })
    const headers = bearer(owner)
    const get = (target: string) => send(`GET ${target} HTTP/1.1`, headers)
    expect((await get(`http://api.example.com${path}`)).body).toEqual(view)
    const { next } = (await get('http://api.example.com:8080/api/organizations/?limit=1')).body
    expect(next).toBe('http://api.example.com:8080/api/organizations/?limit=1&offset=1')
    const wrong = await send(`PURGE http://api.example.com${path} HTTP/1.1`, headers)
    expectError(wrong, 405, 'method_not_allowed', 'Method "PURGE" not allowed.')
    const options = await send(`OPTIONS http://api.example.com${path} HTTP/1.1`)
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'])
    const html = await send(`GET http://api.example.com${path} HTTP/1.1`, { ...headers, Accept: 'text/html' })
    expectError(html, 406, 'not_acceptable', 'Could not satisfy the request Accept header.')
    for (const target of ['http://api.example.com', 'http://api.example.com?x', 'http://api.example.com/nothing', '*'])
      expectError(await get(target), 404, 'not_found', 'Endpoint not found.')
  })
})

describe('a Host', () => {
  const invalid = 'The Host header is missing, given twice, or it names no host.'

  it.each(['a:b', 'a:99999', 'a b', 'user@a', 'a/b', '1.2.3.999', '[::1', '"><script>', ','])(
    'is refused where it says %j, in the header and in the target',
    async (host) => {
      const { owner } = await server.organization()
      const headers = { ...bearer(owner), Host: host }
      expectError(await send('GET /api/organizations/ HTTP/1.1', headers), 400, 'parse_error', invalid)
      expectError(await send('GET /livez HTTP/1.1', headers), 400, 'parse_error', invalid)
      if (!/[\s/"]/.test(host))
        expectError(await send(`GET http://${host}/livez HTTP/1.1`), 400, 'parse_error', invalid)
    },
  )

  it.each(['polity_api:3000', '[::1]:3000', 'xn--bcher-kva.example', '127.0.0.1', 'LOCALHOST.'])(
    'may be %s',
    async (host) => {
      expect((await send('GET /livez HTTP/1.1', { Host: host })).status).toBe(200)
    },
  )

  it.each(['localhost', 'other.example'])('is not given twice, the other saying %s', async (other) => {
    const twice = `GET /livez HTTP/1.1\r\nhost: ${other}`
    expectError(await send(twice, { Host: 'localhost' }), 400, 'parse_error', invalid)
  })

  it('has to be there since HTTP/1.1', async () => {
    expectError(await send('GET /livez HTTP/1.1', { Host: '' }), 400, 'parse_error', invalid)
    const { owner } = await server.organization()
    await owner.post('/api/organizations/', { name: 'Second' })
    const old = await send('GET /api/organizations/?limit=1 HTTP/1.0', { ...bearer(owner), Host: '' })
    expect(old.body.next).toBe('http://localhost/api/organizations/?limit=1&offset=1')
  })
})

describe('a body', () => {
  it('that is compressed is refused, to those who may call', async () => {
    const { owner } = await server.organization()
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const body = gzipSync(JSON.stringify({ name: 'Zipped' }))
    const post = (authorization: string, changes = {}) =>
      fetch(`${server.url}/api/organizations/`, {
        method: 'POST',
        headers: { authorization, ...headers, ...changes },
        body,
      }).then(async (answer) => ({
        ...answer,
        headers: answer.headers,
        status: answer.status,
        body: await answer.json(),
        text: '',
      }))
    const sentence = 'Unsupported content encoding "gzip" in request. Send the body as it is.'
    for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
      const zipped = await post(`Bearer ${owner.key}`, { 'content-type': type })
      expectError(zipped, 415, 'unsupported_encoding', sentence)
      expect(zipped.headers.get('accept-encoding')).toBe('identity')
    }
    expect((await post('Bearer phx_wrong')).status).toBe(401)
    const plain = await server.request('POST', '/api/organizations/', {
      key: owner.key,
      body: { name: 'Plain' },
      headers: { 'content-encoding': 'identity' },
    })
    expect(plain.status).toBe(201)
  })

  it('that comes with another expectation than 100-continue is not read', async () => {
    const { owner } = await server.organization()
    const headers = { ...bearer(owner), 'Content-Type': 'application/json', 'Content-Length': '2' }
    const sentence = 'Of the expectations of the Expect header only "100-continue" is supported.'
    for (const expectation of ['foo', '100-continue, foo', '200-ok']) {
      const answer = await send('POST /api/organizations/ HTTP/1.1', { ...headers, Expect: expectation }, '{}')
      expectError(answer, 417, 'expectation_failed', sentence)
      expect(answer.headers.get('x-request-id')).toBeTruthy()
    }
  })

  it('that ends with its connection is no error of the server', async () => {
    const { owner } = await server.organization()
    const arrived = once(server.application.getHttpServer(), 'request')
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    const id = randomUUID()
    socket.write(
      `POST /api/organizations/ HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${id}\r\n` +
        `Authorization: Bearer ${owner.key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name"`,
    )
    const [request] = await arrived
    socket.destroy()
    if (!request.closed) await new Promise((resolve) => request.once('close', resolve))
    await server.request('GET', '/livez')
    const lines = server.logLines.map((line) => JSON.parse(line))
    expect(request.headers['x-request-id']).toBe(id)
    expect(lines.filter(({ request_id, level }) => request_id === id && level > 30)).toEqual([])
  })
})
