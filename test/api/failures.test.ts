import { describe, expect, it } from '@jest/globals'
import { OrganizationsPurge } from '../../src/index.js'
import { eventually, expectError, useServer } from '../support/kit.js'

const server = useServer({ ownDatabase: true })
const logged = (message: string) => server.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === message)

describe('a request', () => {
  it('is a line of the log, with who made it', async () => {
    const { owner } = await server.organization()
    const { headers } = await owner.get('/api/organizations/')
    const line = await eventually(
      async () => logged('request').find(({ request_id }) => request_id === headers.get('x-request-id')),
      (found) => found !== undefined,
    )
    expect(line).toMatchObject({ method: 'GET', route: '/api/organizations', status: 200, user_id: owner.row.id })
  })

  it('that is refused is one too, with who made it where that is known, and never with its address', async () => {
    const [{ owner }, other] = [await server.organization(), await server.organization()]
    const secret = 'phx_in-an-address'
    const logsOf = async (path: string, key: string) => {
      const { headers } = await server.request('GET', path, { key })
      return eventually(
        async () => logged('request').find(({ request_id }) => request_id === headers.get('x-request-id')),
        (found) => found !== undefined,
      )
    }
    expect(await logsOf(`${other.path}?key=${secret}`, owner.key)).toMatchObject({
      route: '/api/organizations/:id',
      status: 404,
      user_id: owner.row.id,
    })
    expect(await logsOf(`/api/${secret}/`, owner.key)).toMatchObject({ route: null, status: 404 })
    expect(await logsOf(`/api/organizations/${secret}/`, secret)).toMatchObject({ status: 401, user_id: null })
    expect(server.logLines.join('')).not.toContain(secret)
  })
})

describe('a failure that nobody expected', () => {
  it('is answered without a word of it, and logged in full with the request’s id', async () => {
    const { owner } = await server.organization()
    const rename = (from: string, to: string) => server.database.dataSource.query(`alter table ${from} rename to ${to}`)
    await rename('user_organizations', 'mislaid')
    for (const path of ['/api/organizations/', '/api/organizations/?search=a', '/api/projects/', '/api/users/@me/']) {
      const answer = await owner.get(path)
      expectError(answer, 500, 'error', 'A server error occurred.')
      const request_id = answer.headers.get('x-request-id')
      const [failure, ...others] = logged('request failed').filter((line) => line.request_id === request_id)
      expect(failure).toMatchObject({ level: 50, err: { message: expect.stringContaining('user_organizations') } })
      expect(others).toEqual([])
    }
    await rename('mislaid', 'user_organizations')
    expect((await owner.get('/api/organizations/')).status).toBe(200)
  })

  it('of one organization’s purge is logged, and keeps no other', async () => {
    const [broken, due] = [await server.organization(), await server.organization()]
    const purge = server.application.get(OrganizationsPurge)
    purge.before(async (_, organizationId) => {
      if (organizationId === broken.id) throw new Error('not this one')
      return 0
    })
    for (const { owner, path } of [broken, due]) await owner.delete(path)
    await server.database.dataSource.query(
      'update organizations set deletion_requested_at = to_timestamp(0) where id = any($1)',
      [[broken.id, due.id]],
    )
    expect(await purge.run()).toEqual([due.id])
    expect(logged('purge will be tried again')).toMatchObject([
      { level: 40, organization_id: broken.id, err: { message: 'not this one' } },
    ])
    expect(logged('organization purged')).toMatchObject([{ level: 30, organization_id: due.id }])
  })

  it('of the event log is logged, and the log goes on', async () => {
    const rename = (from: string, to: string) => server.database.dataSource.query(`alter table ${from} rename to ${to}`)
    await rename('events', 'mislaid')
    await eventually(
      async () => logged('events wait'),
      (lines) => lines.length > 1,
    )
    await rename('mislaid', 'events')
    await server.database.dataSource.query(
      `insert into events (organization_id, id, type, payload, credential_kind, credential_id, request_id)
       values (gen_random_uuid(), gen_random_uuid(), 'nobody.hears', '{}', 'system', 'test', 'test')`,
    )
    await eventually(
      () => server.database.dataSource.query(`select 1 from events where type = 'nobody.hears' and seq is null`),
      (rows) => rows.length === 0,
    )
    expect(logged('events wait')[0]).toMatchObject({ level: 40, err: { code: '42P01' } })
  })
})
