import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { RouteDeclarations } from '../../src/index.js'
import { errorCatalogue } from '../../src/platform/http/error-catalogue.js'
import { expectError, raw, useServer } from '../support/kit.js'

const server = useServer()

describe('errors', () => {
  it('tell a wrong method from a wrong path', async () => {
    const { owner } = await server.organization()
    for (const path of ['/api/nothing/', '/api/organizations//', '/API/organizations/', '/api/organizations/x/nothing'])
      for (const method of ['GET', 'POST', 'OPTIONS', 'QUERY'])
        expectError(await server.request(method, path, { key: owner.key }), 404, 'not_found', 'Endpoint not found.')
  })

  it('say at each route which methods it has, whoever asks, with and without the last slash', async () => {
    const routes = server.application.get(RouteDeclarations).all()
    const paths = new Set(routes.map(({ path }) => path))
    expect(paths.size).toBeGreaterThan(10)
    for (const path of paths) {
      const methods = ['OPTIONS', ...routes.filter((route) => route.path === path).map(({ method }) => method)]
      if (methods.includes('GET')) methods.push('HEAD')
      const allow = methods.sort().join(', ')
      const url = path.replace(/:\w+/g, randomUUID())
      for (const slash of ['', '/']) {
        const options = await server.request('OPTIONS', url + slash)
        expect({ url, status: options.status, allow: options.headers.get('allow') }).toEqual({
          url,
          status: 204,
          allow,
        })
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'PURGE', 'QUERY']) {
          if (methods.includes(method)) continue
          const wrong = await server.request(method, url + slash)
          expect(wrong.headers.get('allow')).toBe(allow)
          if (method !== 'HEAD') expectError(wrong, 405, 'method_not_allowed', `Method "${method}" not allowed.`)
        }
      }
    }
  })

  it('say where JSON is broken, and not what it holds', async () => {
    const { owner } = await server.organization()
    const broken = await server.request('POST', '/api/organizations/', { key: owner.key, body: '{"name": "secret" x' })
    expect(broken).toMatchObject({ status: 400, body: { type: 'invalid_request', code: 'parse_error', attr: null } })
    expect(broken.body.detail).toMatch(/^JSON parse error - /)
    expect(broken.text).not.toContain('secret')
    const invalidUtf8 = await fetch(`${server.url}/api/organizations/`, {
      method: 'POST',
      headers: { authorization: `Bearer ${owner.key}`, 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0xff, 0x7d]),
    })
    expect(invalidUtf8.status).toBe(400)
  })

  it('refuse other media types, larger bodies and answers that are not JSON', async () => {
    const { owner } = await server.organization()
    const text = await server.request('POST', '/api/organizations/', {
      key: owner.key,
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    })
    expectError(text, 415, 'unsupported_media_type', 'Unsupported media type "text/plain" in request.')
    for (const type of ['nonsense', 'application/xml', 'multipart/form-data; boundary=x']) {
      const other = await server.request('POST', '/api/organizations/', {
        key: owner.key,
        body: {},
        headers: { 'content-type': type },
      })
      expectError(other, 415, 'unsupported_media_type', `Unsupported media type "${type}" in request.`)
    }
    const large = await owner.post('/api/organizations/', { name: 'x'.repeat(1_100_000) })
    expectError(large, 413, 'request_too_large', 'The request body is larger than 1 MiB.')
    const html = await server.request('GET', '/api/organizations/', {
      key: owner.key,
      headers: { accept: 'text/html' },
    })
    expectError(html, 406, 'not_acceptable', 'Could not satisfy the request Accept header.')
  })

  it('come before a body that is too large, for those who ask whether to send it', async () => {
    const { owner } = await server.organization()
    const asking = (length: number, body = '') =>
      raw(
        server,
        [
          'POST /api/organizations/ HTTP/1.1',
          'Host: localhost',
          `Authorization: Bearer ${owner.key}`,
          'Content-Type: application/json',
          `Content-Length: ${length}`,
          'Expect: 100-continue',
          'Connection: close',
          `\r\n${body}`,
        ].join('\r\n'),
      )
    const refused = await asking(1_048_577)
    expect(refused).toMatch(/^HTTP\/1\.1 413 /)
    expect(refused).toContain('"code":"request_too_large"')
    expect(await asking(2, '{}')).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 [^]*"attr":"name"/)
  })

  it('have one shape also where no route was reached', async () => {
    const { owner } = await server.organization()
    const headers = await owner.get(`/api/organizations/?search=${'a'.repeat(20_000)}`)
    const larger = 'The headers of the request, its URL included, are larger than 16 KiB.'
    expectError(headers, 431, 'request_headers_too_large', larger)
    const noHttp = await raw(server, 'GET /api/organizations/ HTTP/nonsense\r\n\r\n')
    expect(noHttp).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(JSON.parse(noHttp.split('\r\n\r\n')[1]!)).toEqual({
      type: 'invalid_request',
      code: 'parse_error',
      detail: 'Malformed request.',
      attr: null,
    })
  })

  it('carry the caller’s request id when it is sane, and one of ours otherwise', async () => {
    const given = await server.request('GET', '/livez', { headers: { 'x-request-id': 'abc-123' } })
    expect(given.headers.get('x-request-id')).toBe('abc-123')
    const insane = await server.request('GET', '/nothing', { headers: { 'x-request-id': 'a b"' } })
    expect(insane.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('are all in docs/errors.md, with their codes and sentences', async () => {
    const page = await readFile('docs/errors.md', 'utf8')
    for (const { status, code, detail } of errorCatalogue)
      expect(page).toContain(`| ${status} | \`${code}\` | ${detail.replaceAll('|', '\\|')} |`)
    expect(page.match(/^\| \d{3} \|/gm)).toHaveLength(
      new Set(errorCatalogue.map(({ status, code, detail }) => `${status}${code}${detail}`)).size,
    )
  })
})
