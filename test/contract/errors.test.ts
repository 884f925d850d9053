import { describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { errorCatalogue } from '../../src/platform/http/error-catalogue.js'
import { expectError, useServer } from '../support/kit.js'

const server = useServer()

describe('errors', () => {
  it('tell a wrong method from a wrong path', async () => {
    const organization = await server.organization()
    const wrong = await organization.owner.put('/api/organizations/', {})
    expectError(wrong, 405, 'method_not_allowed', 'Method "PUT" not allowed.')
    expect(wrong.headers.get('allow')).toContain('POST')
    expectError(await organization.owner.get('/api/nothing/'), 404, 'not_found', 'Endpoint not found.')
  })

  it('answer HEAD and OPTIONS', async () => {
    const organization = await server.organization()
    const head = await server.request('HEAD', organization.path, { key: organization.owner.key })
    expect(head).toMatchObject({ status: 200, text: '' })
    const options = await server.request('OPTIONS', organization.path)
    expect(options.status).toBe(204)
    expect(options.headers.get('allow')).toBe('DELETE, GET, HEAD, OPTIONS, PATCH, PUT')
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
    const large = await owner.post('/api/organizations/', { name: 'x'.repeat(1_100_000) })
    expectError(large, 413, 'request_too_large', 'The request body is larger than 1 MiB.')
    const html = await server.request('GET', '/api/organizations/', {
      key: owner.key,
      headers: { accept: 'text/html' },
    })
    expectError(html, 406, 'not_acceptable', 'Could not satisfy the request Accept header.')
  })

  it('refuse deep JSON, and survive keys that would pollute a prototype', async () => {
    const user = await server.user()
    const deep = '['.repeat(10_000) + ']'.repeat(10_000)
    const sentence = 'JSON parse error - Nested more than 100 levels deep'
    expectError(await user.post('/api/organizations/', `{"name": ${deep}}`), 400, 'parse_error', sentence)
    expect((await user.get('/api/organizations/')).body.count).toBe(0)
    const pollution = '{"name": "Proto", "__proto__": {"is_active": false}, "constructor": {"prototype": {"x": 1}}}'
    const created = await user.post('/api/organizations/', pollution)
    expect(created).toMatchObject({ status: 201, body: { name: 'Proto', is_active: true } })
    expect(({} as Record<string, unknown>).x).toBeUndefined()
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
      expect(page).toContain(`| ${status} | \`${code}\` | ${detail} |`)
    expect(page.match(/^\| \d{3} \|/gm)).toHaveLength(
      new Set(errorCatalogue.map(({ status, code, detail }) => `${status}${code}${detail}`)).size,
    )
  })
})
