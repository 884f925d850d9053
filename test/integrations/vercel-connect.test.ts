import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { expectError, type TestOrganization, TestServer } from '../support/kit.js'
import { eventually } from '../../src/testing/index.js'
import { Watch } from '../support/planted.js'
import { FakeVercel, installationId, json } from '../support/vercel.js'

let vercel: FakeVercel
const server = new TestServer()
const watch = new Watch(server)

beforeAll(async () => {
  vercel = await new FakeVercel().start()
  await server.start({ environment: vercel.environment, ownDatabase: true })
  await watch.start()
})

afterAll(async () => {
  await server.close()
  await vercel.stop()
})

/** Comes back from Vercel with a code, as a browser does. @returns the session that the frontend gets */
async function begin(configurationId = installationId(), next = 'https://vercel.com/done'): Promise<string> {
  const code = randomUUID()
  vercel.codes.set(code, {
    grant: { access_token: 'planted-access-token', token_type: 'Bearer', user_id: 'vu_1', team_id: 'team_1' },
  })
  const query = new URLSearchParams({ code, configurationId, next })
  const answer = await server.request('GET', `/api/vercel/connect/callback?${query}`)
  expect(answer.status).toBe(302)
  const url = new URL(answer.headers.get('location')!)
  expect(url.origin + url.pathname).toBe('https://app.polity.test/connect/vercel/link')
  return url.searchParams.get('session')!
}

async function linked(): Promise<{ organization: TestOrganization; path: string; id: string }> {
  const organization = await server.organization()
  const session = await begin()
  const answer = await organization.owner.post('/api/vercel/connect/complete', {
    session,
    organization_id: organization.id,
  })
  expect(answer.status).toBe(201)
  const { body } = await organization.owner.get(`${organization.path}integrations/`)
  const { id } = body.results[0]
  return { organization, id, path: `${organization.path}integrations/${id}/` }
}

describe('linking an account at Vercel', () => {
  it('offers the organizations that the caller administers, and links one, once', async () => {
    const organization = await server.organization()
    const { owner } = organization
    const member = await organization.member()
    const session = await begin()
    const offered = await owner.get(`/api/vercel/connect/session?session=${session}`)
    expect(offered.body).toEqual({
      next_url: 'https://vercel.com/done',
      organizations: [{ id: organization.id, name: organization.view.name, already_linked: false }],
    })
    expect((await member.get(`/api/vercel/connect/session?session=${session}`)).body.organizations).toEqual([])
    const complete = { session, organization_id: organization.id }
    expectError(
      await member.post('/api/vercel/connect/complete', complete),
      403,
      'permission_denied',
      'Your organization access level is insufficient.',
    )
    expect(await owner.post('/api/vercel/connect/complete', complete)).toMatchObject({
      status: 201,
      body: { status: 'linked', organization_id: organization.id, next_url: 'https://vercel.com/done' },
    })
    const used = await owner.post('/api/vercel/connect/complete', complete)
    expectError(used, 400, 'invalid_input', 'Session expired or invalid. Please try linking again from Vercel.')
    const again = await owner.post('/api/vercel/connect/complete', { ...complete, session: await begin() })
    expect(again.body.detail).toMatch(/^This organization already has a Vercel integration/)
    const list = await owner.get(`${organization.path}integrations/`)
    expect(list.body.results).toMatchObject([
      { kind: 'vercel', config: { type: 'connectable', vercel_team_id: 'team_1' } },
    ])
    expect(list.text).not.toContain('planted')
  })

  it('reaches no organization that the caller, or the key, does not', async () => {
    const [mine, theirs] = [await server.organization(), await server.organization()]
    const complete = { session: await begin(), organization_id: theirs.id }
    const refused = await mine.owner.post('/api/vercel/connect/complete', complete)
    expectError(refused, 404, 'not_found', 'Organization not found.')
    const scoped = await mine.owner.with({ scoped_organizations: [theirs.id] })
    const elsewhere = await scoped.post('/api/vercel/connect/complete', { ...complete, organization_id: mine.id })
    expect(elsewhere.status).toBe(403)
    const reader = await mine.owner.with({ scopes: ['organization_integration:read'] })
    expect((await reader.post('/api/vercel/connect/complete', { ...complete, organization_id: mine.id })).status).toBe(
      403,
    )
  })

  it('gives one installation to one organization', async () => {
    const [first, second] = [await server.organization(), await server.organization()]
    const id = installationId()
    const complete = async ({ owner, id: organization_id }: TestOrganization) =>
      owner.post('/api/vercel/connect/complete', { session: await begin(id), organization_id })
    expect((await complete(first)).status).toBe(201)
    expect((await complete(second)).body).toMatchObject({ code: 'unique' })
  })

  it('refuses a callback without a code, or with one that Vercel refuses, and sends nobody elsewhere', async () => {
    expect((await server.request('GET', '/api/vercel/connect/callback')).status).toBe(400)
    const refused = await server.request('GET', '/api/vercel/connect/callback?code=no')
    expectError(refused, 401, 'authentication_failed', 'Vercel authentication failed')
    const organization = await server.organization()
    const session = await begin(installationId(), 'https://vercel.com.evil.example/')
    const offered = await organization.owner.get(`/api/vercel/connect/session?session=${session}`)
    expect(offered.body.next_url).toBeNull()
  })

  it('takes a session for ten minutes, and shows it to nobody without a key', async () => {
    const organization = await server.organization()
    const session = await begin()
    expect((await server.request('GET', `/api/vercel/connect/session?session=${session}`)).status).toBe(401)
    await server.database.dataSource.query("update one_time_tokens set expires_at = now() - interval '1 second'")
    const complete = { session, organization_id: organization.id }
    for (const answer of [
      await organization.owner.get(`/api/vercel/connect/session?session=${session}`),
      await organization.owner.get('/api/vercel/connect/session'),
      await organization.owner.post('/api/vercel/connect/complete', complete),
    ])
      expectError(answer, 400, 'invalid_input', 'Session expired or invalid. Please try linking again from Vercel.')
    expect((await organization.owner.get(`${organization.path}integrations/`)).body.count).toBe(0)
  })

  it.each<[string, FakeVercel['trouble']]>([
    ['answers 500', (_, response) => json(response, 500, {})],
    ['answers malformed JSON', (_, response) => void response.writeHead(200).end('{"access_token": "planted')],
    ['answers something else', (_, response) => json(response, 200, { access_token: ['planted'] })],
    ['breaks the connection', (request) => void request.socket.resetAndDestroy()],
    ['never answers', () => undefined],
    ['answers 10 MB', (_, response) => void response.writeHead(200).end(Buffer.alloc(10_485_760))],
  ])('gives no session while Vercel %s, and goes on afterwards', async (_, trouble) => {
    vercel.trouble = trouble
    const refused = await server.request('GET', '/api/vercel/connect/callback?code=x&configurationId=y')
    vercel.trouble = undefined
    expectError(refused, 401, 'authentication_failed', 'Vercel authentication failed')
    expect(await begin()).toMatch(/^[\w-]{43}$/)
  })
})

describe('mapping the environments of a linked account', () => {
  it('tells Vercel, and shows that it did', async () => {
    const { organization, path, id } = await linked()
    const project = organization.view.projects[0]!.id
    const { body } = await organization.owner.patch(`${path}environment-mapping/`, { production: project })
    expect(body.config.sync).toMatchObject({ state: 'pending' })
    const view = await eventually(
      () => organization.owner.get(path),
      (answer) => answer.body.config.sync.state === 'synced',
    )
    expect(view.body.config.sync).toEqual({ state: 'synced', last_error: null, synced_at: expect.any(String) })
    const [push] = vercel.callsTo(new RegExp(`^PUT /v1/installations/${view.body.integration_id}/resources/`))
    expect(push!.headers.authorization).toBe('Bearer planted-access-token')
    expect(push!.body).toEqual({
      productId: 'polity',
      name: 'Default project',
      status: 'ready',
      secrets: [
        { name: 'NEXT_PUBLIC_POLITY_PROJECT_TOKEN', value: organization.view.teams[0]!.api_token },
        { name: 'NEXT_PUBLIC_POLITY_HOST', value: 'https://api.polity.test' },
      ],
    })
    expect((await organization.owner.get(`${path}health/`)).body).toEqual({ healthy: true, detail: null })
    expect((await organization.owner.delete(path)).status).toBe(204)
    expect(id).toBe(view.body.id)
  })

  it.each<[string, FakeVercel['trouble'], RegExp]>([
    ['answers 500', (_, response) => json(response, 500, { error: {} }), /^Vercel answered 500\.$/],
    [
      'is not JSON',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"na'),
      /could not be understood/,
    ],
    ['breaks the connection', (request) => void request.socket.destroy(), /cannot be reached/],
    ['never answers', () => undefined, /did not answer within 0\.5 seconds/],
    ['answers 10 MB', (_, response) => void response.writeHead(200).end(Buffer.alloc(10_485_760)), /more than 1 MiB/],
  ])('loses nothing while Vercel %s, and tells it later', async (_, trouble, sentence) => {
    const { organization, path } = await linked()
    const project = organization.view.projects[0]!.id
    vercel.trouble = trouble
    const mapped = await organization.owner.patch(`${path}environment-mapping/`, { production: project })
    expect(mapped.status).toBe(200)
    const failing = await eventually(
      () => organization.owner.get(path),
      (answer) => answer.body.config.sync.state === 'failing',
    )
    expect(failing.body.config.sync).toMatchObject({ state: 'failing', synced_at: null })
    expect(failing.body.config.sync.last_error).toMatch(new RegExp(`${sentence.source}|failed repeatedly`))
    expect(failing.body.config.environment_mapping.production).toBe(project)
    vercel.trouble = undefined
    const recovered = await eventually(
      () => organization.owner.get(path),
      (answer) => answer.body.config.sync.state === 'synced',
      45_000,
    )
    expect(recovered.body.config.sync).toMatchObject({ state: 'synced', last_error: null })
  })
})
