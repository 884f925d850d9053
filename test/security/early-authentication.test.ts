import { describe, expect, it, jest } from '@jest/globals'
import { type ClientRequest, request } from 'node:http'
import { accessQuery } from '../../src/access/access.queries.js'
import { useServer } from '../support/kit.js'

const server = useServer()

/** The status of an answer that comes although the announced body never does. */
function withoutBody(path: string, headers: Record<string, string>): Promise<number> {
  let sent: ClientRequest
  return new Promise<number>((resolve, reject) => {
    sent = request(server.url + path, { method: 'POST', headers, timeout: 20_000 }, (answer) =>
      resolve(answer.statusCode!),
    )
    sent.on('error', reject).on('timeout', () => reject(new Error('No answer without the body')))
    sent.flushHeaders()
  }).finally(() => sent.destroy())
}

describe('a key in the header is looked at before the body', () => {
  it.each([
    '/api/organizations/',
    '/api/organizations/0195f000-0000-7000-8000-000000000000/restore/',
    '/api/personal_api_keys/',
  ])('of POST %s', async (path) => {
    const headers = { authorization: 'Bearer phx_wrong', 'content-type': 'application/x-www-form-urlencoded' }
    expect(await withoutBody(path, { ...headers, 'content-length': '1000000' })).toBe(401)
    expect(await withoutBody(path, { ...headers, 'transfer-encoding': 'chunked' })).toBe(401)
  })

  it('and a body that is too large is refused only to who may call', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '2000000' }
    expect(await withoutBody('/api/organizations/', { ...headers, authorization: 'Bearer phx_wrong' })).toBe(401)
    const { key } = await server.user()
    expect(await withoutBody('/api/organizations/', { ...headers, authorization: `Bearer ${key}` })).toBe(413)
  })

  it('and not again after it', async () => {
    const { owner, path } = await server.organization()
    const asked = jest.spyOn(server.database, 'query')
    try {
      expect((await owner.patch(path, { name: 'Once' })).body).toMatchObject({ name: 'Once' })
      expect(asked.mock.calls.filter(([query]) => query === accessQuery)).toHaveLength(1)
    } finally {
      asked.mockRestore()
    }
  })
})

describe('a key in the body or in the query string', () => {
  it('still opens a route', async () => {
    const { owner, path } = await server.organization()
    const inBody = await server.request('PATCH', path, { body: { personal_api_key: owner.key, name: 'By body' } })
    expect(inBody).toMatchObject({ status: 200, body: { name: 'By body' } })
    const inForm = await server.request('PATCH', path, {
      body: `personal_api_key=${owner.key}&name=By+form`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(inForm).toMatchObject({ status: 200, body: { name: 'By form' } })
    const inQuery = await server.request('PATCH', `${path}?personal_api_key=${owner.key}`, {
      body: { name: 'By query' },
    })
    expect(inQuery).toMatchObject({ status: 200, body: { name: 'By query' } })
  })
})
