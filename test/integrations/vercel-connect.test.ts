import { Injectable } from '@nestjs/common'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type Authenticated,
  Authenticator,
  type CredentialPlace,
  MembershipLevel,
  UsersService,
} from '../../src/index.js'
import { expectError, type TestOrganization, TestServer } from '../support/kit.js'
import { eventually } from '../../src/testing/index.js'
import { Watch } from '../support/planted.js'
import { scale } from '../support/scale.js'
import { FakeVercel, installationId, json } from '../support/vercel.js'
import { pluginOf } from '../support/plugin.js'
import { VercelLink } from '../support/vercel-link.js'

/** Lets a user in by their id, with no more than a member may do. */
@Injectable()
class MemberAuthenticator extends Authenticator {
  readonly name = 'as-member'
  readonly place: CredentialPlace = { in: 'header', name: 'x-as-member' }

  constructor(private readonly users: UsersService) {
    super()
  }

  async authenticate(uuid: string): Promise<Authenticated | undefined> {
    const user = await this.users.byUuid(uuid)
    return user
      ? { user, credential: { id: uuid, scopes: ['*'], organizations: [], level: MembershipLevel.Member } }
      : undefined
  }
}

const vercel = new FakeVercel()
const server = new TestServer()
const watch = new Watch(server)

beforeAll(async () => {
  await vercel.start()
  const plugins = [pluginOf({ authenticators: [MemberAuthenticator] })]
  await server.start({ environment: vercel.environment, ownDatabase: true, plugins })
  await watch.start()
})

afterAll(async () => {
  await server.close()
  await vercel.stop()
})

const link = new VercelLink(server, vercel)
async function linked(): Promise<{ organization: TestOrganization; path: string; id: string }> {
  const organization = await server.organization()
  const session = await link.session(organization.owner)
  const answer = await link.complete(organization.owner, session, organization.id)
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
    const session = await link.session(owner)
    const offered = await owner.get(`/api/vercel/connect/session?session=${session}`)
    expect(offered.body).toEqual({
      next_url: 'https://vercel.com/done',
      organizations: [{ id: organization.id, name: organization.view.name, already_linked: false }],
    })
    const members = await link.session(member)
    expect((await member.get(`/api/vercel/connect/session?session=${members}`)).body.organizations).toEqual([])
    const asMember = await server.request('GET', `/api/vercel/connect/session?session=${session}`, {
      headers: { 'x-as-member': owner.row.uuid },
    })
    expect([asMember.status, asMember.body.organizations]).toEqual([200, []])
    const complete = { session, organization_id: organization.id }
    expectError(
      await link.complete(member, members, organization.id),
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
    const again = await owner.post('/api/vercel/connect/complete', {
      ...complete,
      session: await link.session(owner),
    })
    expect(again.body.detail).toMatch(/^This organization already has a Vercel integration/)
    const list = await owner.get(`${organization.path}integrations/`)
    expect(list.body.results).toMatchObject([
      { kind: 'vercel', config: { type: 'connectable', vercel_team_id: 'team_1' } },
    ])
    expect(list.text).not.toContain('planted')
  })

  it('reaches no organization that the caller, or the key, does not', async () => {
    const [mine, theirs] = [await server.organization(), await server.organization()]
    const complete = { session: await link.session(mine.owner), organization_id: theirs.id }
    const refused = await mine.owner.post('/api/vercel/connect/complete', complete)
    expectError(refused, 404, 'not_found', 'Organization not found.')
    const other = await mine.owner.post('/api/organizations/', { name: 'Other' })
    const scoped = await mine.owner.with({ scoped_organizations: [other.body.id] })
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
      link.complete(owner, await link.session(owner, id), organization_id)
    expect((await complete(first)).status).toBe(201)
    expect((await complete(second)).body).toMatchObject({ code: 'unique' })
  })

  it('gives one installation to one of two organizations that link it at the same moment', async () => {
    for (let round = 0; round < scale(8, 50); round++) {
      const id = installationId()
      const organizations = [await server.organization(), await server.organization()]
      const sessions = await Promise.all(organizations.map(({ owner }) => link.session(owner, id)))
      const answers = await Promise.all(
        organizations.map((organization, index) =>
          link.complete(organization.owner, sessions[index]!, organization.id),
        ),
      )
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 400])
      expect(answers.find(({ status }) => status === 400)!.body).toMatchObject({ code: 'unique' })
      const rows = await server.database.dataSource.query(
        'select organization_id from organization_integrations where integration_id = $1',
        [id],
      )
      expect(rows).toEqual([{ organization_id: organizations[answers.findIndex(({ status }) => status === 201)]!.id }])
    }
  })

  it('gives one organization one of two accounts that are linked at the same moment', async () => {
    for (let round = 0; round < scale(8, 50); round++) {
      const { owner, id, path } = await server.organization()
      const sessions = [await link.session(owner), await link.session(owner)]
      const answers = await Promise.all(sessions.map((session) => link.complete(owner, session, id)))
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 400])
      expect((await owner.get(`${path}integrations/`)).body.count).toBe(1)
    }
  })

  it('takes a session once, also when it comes twice at the same moment', async () => {
    for (let round = 0; round < scale(8, 50); round++) {
      const [first, second] = [await server.organization(), await server.organization()]
      const other = (await first.owner.post('/api/organizations/', { name: second.id })).body.id
      const session = await link.session(first.owner)
      const answers = await Promise.all([first.id, other].map((id) => link.complete(first.owner, session, id)))
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 400])
    }
  })

  it('refuses a callback without a code, or with one that Vercel refuses', async () => {
    const { owner } = await server.organization()
    expect((await link.callback({})).status).toBe(400)
    const refused = await link.callback({ code: 'no', state: await link.start(owner) })
    expectError(refused, 401, 'authentication_failed', 'Vercel authentication failed')
  })

  it('shows the address with the session to no cache and to no other page', async () => {
    const { owner } = await server.organization()
    const answers = [
      await link.callback({ code: link.code(), state: await link.start(owner) }),
      await link.callback({ code: link.code() }),
    ]
    for (const { status, headers } of answers) {
      expect(status).toBe(302)
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
    }
  })

  it.each<[string, string | null]>([
    ['https://vercel.com/done?a=b', 'https://vercel.com/done?a=b'],
    ['https://www.vercel.com', 'https://www.vercel.com/'],
    ['HTTPS://VERCEL.COM:443/a/../done', 'https://vercel.com/done'],
    ['https://vercel.com.evil.example/', null],
    ['https://user@vercel.com/', null],
    ['https://evil.example:x@vercel.com/', null],
    ['https://vercel.com\\@evil.example/', null],
    ['https:\\\\vercel.com/', null],
    ['http://vercel.com/', null],
    ['https://vercel.com:8443/', null],
    ['//vercel.com/', null],
    ['javascript:alert(1)', null],
  ])('sends on to %s as %s', async (next, expected) => {
    const { owner } = await server.organization()
    const session = await link.session(owner, installationId(), next)
    const offered = await owner.get(`/api/vercel/connect/session?session=${session}`)
    expect(offered.body.next_url).toBe(expected)
    const begun = await link.callback({ code: link.code(), next })
    expect(new URL(begun.headers.get('location')!).searchParams.get('next')).toBe(expected)
  })

  it('takes a session for ten minutes, and shows it to nobody without a key', async () => {
    const organization = await server.organization()
    const session = await link.session(organization.owner)
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
    [
      'names no installation',
      (_, response) => json(response, 200, { access_token: 'planted', user_id: 'u', installation_id: 'icfg_\0' }),
    ],
    ['breaks the connection', (request) => void request.socket.resetAndDestroy()],
    ['never answers', () => undefined],
    ['answers 10 MB', (_, response) => void response.writeHead(200).end(Buffer.alloc(10_485_760))],
  ])('gives no session while Vercel %s, and goes on afterwards', async (_, trouble) => {
    const { owner } = await server.organization()
    const state = await link.start(owner)
    vercel.trouble = trouble
    const refused = await link.callback({ code: 'x', state })
    vercel.trouble = undefined
    expectError(refused, 401, 'authentication_failed', 'Vercel authentication failed')
    expect(await link.session(owner)).toMatch(/^[\w-]{43}$/)
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
