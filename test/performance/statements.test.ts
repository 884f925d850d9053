import { beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { EventLog } from '../../src/platform/events/event-log.js'
import { type TestOrganization, useServer } from '../support/kit.js'
import { statementsOf } from './statements.js'

const server = useServer({ ownDatabase: true, environment: { AUTH_CACHE_TTL_MS: '60000' } })

// What the log does after a commit would stand between the statements of requests.
beforeAll(() => server.application.get(EventLog).beforeApplicationShutdown())

describe('a request sends exactly', () => {
  /** A round trip more is a slower route: a number here grows only with a reason in its commit. */
  it.each<[string, number, (organization: TestOrganization) => Promise<unknown>]>([
    ['GET an organization', 1, ({ owner, path }) => owner.get(path)],
    ['GET @current', 1, ({ owner }) => owner.get('/api/organizations/@current/')],
    ['GET the list', 1, ({ owner }) => owner.get('/api/organizations/')],
    ['GET the list, searched', 1, ({ owner }) => owner.get('/api/organizations/?search=acme')],
    ['GET the integrations', 1, ({ owner, path }) => owner.get(`${path}integrations/`)],
    ['GET the projects', 1, ({ owner, path }) => owner.get(`${path}projects/`)],
    ['GET the projects of all organizations', 1, ({ owner }) => owner.get('/api/projects/')],
    ['a new key that does not exist', 1, () => server.request('GET', '/api/organizations/', { key: randomUUID() })],
    ['the same that does not exist', 0, () => server.request('GET', '/api/organizations/', { key: 'phx_no' })],
    ['no key', 0, () => server.request('GET', '/api/organizations/')],
    ['a foreign organization', 0, ({ owner }) => owner.get('/api/organizations/0195f000-0000-7000-8000-000000000000/')],
    ['an unknown route', 0, ({ owner }) => owner.get('/api/nothing/')],
    ['PATCH of a name', 6, ({ owner, path }) => owner.patch(path, { name: `Renamed ${randomUUID()}` })],
    // Their current organization is another one since the last: the server asks again what the caller may do.
    ['POST of an organization', 11, ({ owner }) => owner.post('/api/organizations/', { name: `New ${randomUUID()}` })],
    ['PATCH {}', 4, ({ owner, path }) => owner.patch(path, {})],
  ])('%s: %i statements', async (_, expected, request) => {
    const organization = await server.organization()
    await request(organization)
    const sent = (await statementsOf(() => request(organization))).map(({ text }) => text)
    expect({ count: sent.length, sent }).toMatchObject({ count: expected })
  })
})

describe('an answer has exactly', () => {
  /** Numbers have as many digits as other tests made rows before. */
  const withoutNumbers = (text: string) => text.replace(/(?<="(?:id|project_id)":)\d+/g, '0')

  it.each<[string, number, (organization: TestOrganization) => ReturnType<TestOrganization['owner']['get']>]>([
    ['GET an organization', 2_252, ({ owner, path }) => owner.get(path)],
    ['GET a list of one', 2_304, ({ owner }) => owner.get('/api/organizations/')],
    ['GET no integrations', 52, ({ owner, path }) => owner.get(`${path}integrations/`)],
    ['a key that does not exist', 152, () => server.request('GET', '/api/organizations/', { key: 'phx_no' })],
  ])('%s: %i bytes', async (_, expected, request) => {
    const { text } = await request(await server.organization(`Acme ${randomUUID()}`))
    expect(Buffer.byteLength(withoutNumbers(text))).toBe(expected)
  })
})
