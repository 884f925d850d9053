import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { type TestOrganization, useServer } from '../support/kit.js'

const server = useServer({ ownDatabase: true })

/** What a request sent to PostgreSQL; what the server does on its own account is left out. */
async function statementsOf(request: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = []
  const original = pg.Client.prototype.query
  const spy = jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
    this: pg.Client,
    ...parameters: unknown[]
  ) {
    const [first] = parameters
    const text = typeof first === 'string' ? first : (first as { text: string }).text
    if (!/update outbox|personal_api_keys set last_used_at|delete from outbox/i.test(text)) sent.push(text)
    return (original as (...given: unknown[]) => unknown).apply(this, parameters)
  } as never)
  try {
    await request()
    return sent
  } finally {
    spy.mockRestore()
  }
}

afterEach(() => void jest.restoreAllMocks())

describe('a request sends exactly', () => {
  /** A round trip more is a slower route: a number here grows only with a reason in its commit. */
  it.each<[string, number, (organization: TestOrganization) => Promise<unknown>]>([
    ['GET an organization', 2, ({ owner, path }) => owner.get(path)],
    ['GET @current', 2, ({ owner }) => owner.get('/api/organizations/@current/')],
    ['GET the list', 3, ({ owner }) => owner.get('/api/organizations/')],
    ['GET the list, searched', 3, ({ owner }) => owner.get('/api/organizations/?search=acme')],
    ['GET the integrations', 3, ({ owner, path }) => owner.get(`${path}integrations/`)],
    ['GET the projects', 2, ({ owner, path }) => owner.get(`${path}projects/`)],
    ['a key that does not exist', 1, () => server.request('GET', '/api/organizations/', { key: 'phx_no' })],
    ['no key', 0, () => server.request('GET', '/api/organizations/')],
    ['a foreign organization', 1, ({ owner }) => owner.get('/api/organizations/0195f000-0000-7000-8000-000000000000/')],
    ['an unknown route', 0, ({ owner }) => owner.get('/api/nothing/')],
    ['PATCH of a name', 7, ({ owner, path }) => owner.patch(path, { name: `Renamed ${randomUUID()}` })],
    ['POST of an organization', 12, ({ owner }) => owner.post('/api/organizations/', { name: `New ${randomUUID()}` })],
    ['PATCH {}', 5, ({ owner, path }) => owner.patch(path, {})],
  ])('%s: %i statements', async (_, expected, request) => {
    const organization = await server.organization()
    await request(organization)
    const sent = await statementsOf(() => request(organization))
    expect({ count: sent.length, sent }).toMatchObject({ count: expected })
  })
})
