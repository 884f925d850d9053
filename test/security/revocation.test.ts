import { describe, expect, it, jest } from '@jest/globals'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { accessQuery } from '../../src/access/access.queries.js'
import { hashKeyValue } from '../../src/access/key-value.js'
import { PersonalApiKey } from '../../src/identity/personal-api-keys/personal-api-key.entity.js'
import { run } from '../../src/server/cli/run.js'
import {
  loadConfig,
  MembersService,
  OrganizationsService,
  PersonalApiKeysService,
  UsersService,
  systemActor,
} from '../../src/index.js'
import {
  deferred,
  eventually,
  expectError,
  MembershipLevel,
  testActor,
  testEnvironment,
  TestServer,
  type TestUser,
  useServer,
} from '../support/kit.js'
import { REDIS_URL, redisAnswers } from '../support/redis.js'

/** A memory that would outlast every test: what is forgotten was forgotten on purpose. */
const LONG = { AUTH_CACHE_TTL_MS: '60000' }
const KEY_INVALID = 'Personal API key found in request Authorization header is invalid.'
const LEVEL_TOO_LOW = 'Your organization access level is insufficient.'

const tester = systemActor('test')

const services = (server: TestServer) => ({
  members: server.application.get(MembersService),
  organizations: server.application.get(OrganizationsService),
  keys: server.application.get(PersonalApiKeysService),
  setLevel: (organizationId: string, { row }: TestUser, level: MembershipLevel) =>
    server.application.get(MembersService).add(testActor(organizationId), row.id, level),
})

/** The caller's own key, as the service that made it knows it. */
const keyIdOf = async (user: TestUser): Promise<string> => (await user.get('/api/personal_api_keys/@current/')).body.id

/** The same person, asking another server. */
const at = (server: TestServer, { key }: TestUser) => ({
  get: (path: string) => server.request('GET', path, { key }),
  patch: (path: string) => server.request('PATCH', path, { key, body: {} }),
})

describe('on the server that made the change, the very next request meets', () => {
  const server = useServer({ environment: LONG })

  it('a lowered level, a raised one, and a membership that ended', async () => {
    const organization = await server.organization()
    const admin = await organization.admin()
    const { setLevel, members } = services(server)
    expect((await admin.patch(organization.path, {})).status).toBe(200)
    await setLevel(organization.id, admin, MembershipLevel.Member)
    expectError(await admin.patch(organization.path, {}), 403, 'permission_denied', LEVEL_TOO_LOW)
    await setLevel(organization.id, admin, MembershipLevel.Admin)
    expect((await admin.patch(organization.path, {})).status).toBe(200)
    await members.remove(testActor(organization.id), admin.row.id)
    expectError(await admin.get(organization.path), 404, 'not_found', 'Not found.')
    expect((await admin.get('/api/organizations/')).body.count).toBe(0)
  })

  it('a key that was rolled, and one that was revoked', async () => {
    const { owner } = await server.organization()
    const { keys } = services(server)
    const id = await keyIdOf(owner)
    const { value } = await keys.roll(tester, id)
    expectError(await owner.get('/api/organizations/'), 401, 'authentication_failed', KEY_INVALID)
    expect((await server.request('GET', '/api/organizations/', { key: value! })).status).toBe(200)
    await keys.revoke(tester, id)
    const revoked = await server.request('GET', '/api/organizations/', { key: value! })
    expectError(revoked, 401, 'authentication_failed', KEY_INVALID)
  })

  it('a sign-in that another one ended', async () => {
    const user = await server.user()
    const inAnHour = new Date(Date.now() + 3_600_000)
    const signIn = () => services(server).keys.signIn(tester, user.row.id, inAnHour, 'test')
    const { value } = await signIn()
    for (let time = 1; time < 10; time++) await signIn()
    const status = async () => (await server.request('GET', '/api/users/@me/', { key: value! })).status
    expect(await status()).toBe(200)
    await signIn()
    expect(await status()).toBe(401)
  })

  it('a key that expires while it is remembered', async () => {
    const { owner, path } = await server.organization()
    const brief = await owner.with({ expires_at: new Date(Date.now() + 3_600_000) })
    expect((await brief.get(path)).status).toBe(200)
    const expired = `update personal_api_keys set expires_at = now() where secure_value = $1`
    await server.database.dataSource.query(expired, [hashKeyValue(brief.key)])
    expect((await brief.get(path)).status).toBe(200)
    const anHourLater = Date.now() + 3_600_000
    const clock = jest.spyOn(Date, 'now').mockReturnValue(anHourLater)
    const refused = await brief.get(path).finally(() => clock.mockRestore())
    expectError(refused, 401, 'authentication_failed', KEY_INVALID)
  })

  it('an organization that refuses members’ keys, is being deleted, or was restored', async () => {
    const { owner, path, id } = await server.organization()
    const member = await server.member(id, MembershipLevel.Member)
    expect((await member.get(path)).status).toBe(200)
    await owner.patch(path, { members_can_use_personal_api_keys: false })
    expect((await member.get(path)).status).toBe(403)
    await owner.patch(path, { members_can_use_personal_api_keys: true })
    expect((await member.get(path)).status).toBe(200)
    expect((await owner.get(`${path}projects/`)).status).toBe(200)
    await owner.delete(path)
    expectError(await owner.get(`${path}projects/`), 403, 'permission_denied', 'Your organization is being deleted.')
    await owner.post(`${path}restore/`)
    expect((await owner.get(`${path}projects/`)).status).toBe(200)
  })

  it('an organization that the caller was just let into, and a new current one', async () => {
    const organization = await server.organization()
    const stranger = await server.user()
    expect((await stranger.get(organization.path)).status).toBe(404)
    expectError(await stranger.get('/api/organizations/@current/'), 404, 'not_found', 'Current organization not found.')
    await services(server).setLevel(organization.id, stranger, MembershipLevel.Member)
    expect((await stranger.get(organization.path)).status).toBe(200)
    expect((await stranger.get('/api/organizations/@current/')).body.id).toBe(organization.id)
    const made = await stranger.post('/api/organizations/', { name: `New ${randomUUID()}` })
    expect((await stranger.get('/api/organizations/@current/')).body.id).toBe(made.body.id)
  })

  it('a change that was made while the question before it was under way', async () => {
    const organization = await server.organization()
    const admin = await organization.admin()
    const query = server.database.query.bind(server.database)
    const [asked, answer] = [deferred(), deferred()]
    const held = jest.spyOn(server.database, 'query').mockImplementation(async (question, values) => {
      const rows = await query(question, values)
      if (question === accessQuery) {
        asked.resolve()
        await answer.promise
      }
      return rows
    })
    const before = admin.patch(organization.path, {})
    await asked.promise
    held.mockRestore()
    await services(server).setLevel(organization.id, admin, MembershipLevel.Member)
    answer.resolve()
    expect((await before).status).toBe(200)
    expectError(await admin.patch(organization.path, {}), 403, 'permission_denied', LEVEL_TOO_LOW)
  })

  it('a key that is known now, and was not before anything changed', async () => {
    const { owner } = await server.organization()
    const { id, ...rest } = (
      await server.database.dataSource.query('select * from personal_api_keys where user_id = $1', [owner.row.id])
    )[0]
    const keys = server.database.dataSource.getRepository(PersonalApiKey)
    await keys.delete({ id })
    const refused = () => owner.get('/api/organizations/')
    expectError(await refused(), 401, 'authentication_failed', KEY_INVALID)
    // Behind the server's back, which remembers until a change of its own.
    await keys.insert({ id, ...rest })
    expectError(await refused(), 401, 'authentication_failed', KEY_INVALID)
    await server.user()
    expect((await owner.get('/api/organizations/')).status).toBe(200)
  })

  it('the keys of a person who is deactivated, and activated again', async () => {
    const { owner, path } = await server.organization()
    const users = server.application.get(UsersService)
    const status = async () => (await owner.get(path)).status
    expect(await status()).toBe(200)
    await users.deactivate(tester, owner.row.id)
    expectError(await owner.get(path), 401, 'authentication_failed', KEY_INVALID)
    await users.activate(tester, owner.row.id)
    expect(await status()).toBe(200)
  })

  it('only what it asked about: each organization, the current one and none are remembered apart', async () => {
    const [first, second] = [await server.organization(), await server.organization()]
    const { owner } = first
    await services(server).setLevel(second.id, owner, MembershipLevel.Member)
    for (let time = 0; time < 2; time++) {
      expect((await owner.get('/api/users/@me/')).status).toBe(200)
      expect((await owner.get('/api/organizations/@current/')).body.id).toBe(first.id)
      expect((await owner.patch(first.path, {})).status).toBe(200)
      expectError(await owner.patch(second.path, {}), 403, 'permission_denied', LEVEL_TOO_LOW)
      expect((await owner.get('/api/organizations/nothing/')).status).toBe(404)
    }
  })

  it('nothing that others changed in the database: it asks once', async () => {
    const { path, id, owner } = await server.organization()
    expect((await owner.patch(path, {})).status).toBe(200)
    await server.database.dataSource.query('update organization_memberships set level = 1 where organization_id = $1', [
      id,
    ])
    expect((await owner.patch(path, {})).status).toBe(200)
  })

  it('an organization that is gone although its owner is remembered', async () => {
    const { owner, path, id } = await server.organization()
    expect((await owner.get(path)).status).toBe(200)
    await server.database.dataSource.query('delete from organizations where id = $1', [id])
    expectError(await owner.get(path), 404, 'not_found', 'Not found.')
  })

  it('a change that was asked about between its statements and its commit', async () => {
    const organization = await server.organization()
    const { id, path } = organization
    const member = await organization.member()
    const by = testActor(id)
    await server.database.transaction(async (tx) => {
      await server.application.get(MembersService).remove(tx.for(by), member.row.id)
      // Not committed yet, so they are still a member, and that is remembered.
      expect((await member.get(path)).status).toBe(200)
    }, by)
    expect((await member.get(path)).status).toBe(404)
  })

  it('nothing of a change that was rolled back', async () => {
    const organization = await server.organization()
    const member = await organization.member()
    expect((await member.get(organization.path)).status).toBe(200)
    const change = server.database.transaction(async (tx) => {
      await server.application
        .get(MembersService)
        .add(tx.for(testActor(organization.id)), member.row.id, MembershipLevel.Owner)
      throw new Error('no')
    })
    await expect(change).rejects.toThrow('no')
    expectError(await member.patch(organization.path, {}), 403, 'permission_denied', LEVEL_TOO_LOW)
  })
})

describe('on another server a change counts after AUTH_CACHE_TTL_MS at the latest', () => {
  const server = useServer({ environment: LONG })
  const other = useServer({ environment: { AUTH_CACHE_TTL_MS: '400' } })

  it('of a membership, a level, a key', async () => {
    const organization = await server.organization()
    const admin = await organization.admin()
    const { setLevel, members, keys } = services(server)
    const there = at(other, admin)
    const becomes = (status: number, ask: () => ReturnType<typeof there.get>) =>
      eventually(ask, (answer) => answer.status === status, 5_000)
    expect((await there.patch(organization.path)).status).toBe(200)
    await setLevel(organization.id, admin, MembershipLevel.Member)
    await becomes(403, () => there.patch(organization.path))
    await members.remove(testActor(organization.id), admin.row.id)
    await becomes(404, () => there.get(organization.path))
    await keys.revoke(tester, await keyIdOf(admin))
    await becomes(401, () => there.get(organization.path))
  })

  it('of a key that was unknown until then', async () => {
    const { owner, path } = await server.organization()
    const keys = server.database.dataSource.getRepository(PersonalApiKey)
    const key = await keys.findOneByOrFail({ user_id: owner.row.id })
    await keys.delete({ id: key.id })
    expect((await at(other, owner).get(path)).status).toBe(401)
    await keys.insert(key)
    await eventually(
      () => at(other, owner).get(path),
      ({ status }) => status === 200,
      5_000,
    )
  })
})

describe('with AUTH_CACHE_TTL_MS=0', () => {
  const server = useServer({ environment: LONG })
  const other = useServer({ environment: { AUTH_CACHE_TTL_MS: '0' } })

  it('another server meets a change on the very next request', async () => {
    const organization = await server.organization()
    const admin = await organization.admin()
    expect((await at(other, admin).patch(organization.path)).status).toBe(200)
    await services(server).setLevel(organization.id, admin, MembershipLevel.Member)
    expect((await at(other, admin).patch(organization.path)).status).toBe(403)
  })
})

if (await redisAnswers()) {
  describe('servers that share a Redis', () => {
    const environment = { ...LONG, REDIS_URL }
    const [server, other] = [useServer({ environment }), useServer({ environment })]

    it('hear of each other’s changes, whatever they remember', async () => {
      const organization = await server.organization()
      const admin = await organization.admin()
      const there = at(other, admin)
      expect((await there.patch(organization.path)).status).toBe(200)
      await services(server).setLevel(organization.id, admin, MembershipLevel.Member)
      await eventually(
        () => there.patch(organization.path),
        ({ status }) => status === 403,
        5_000,
      )
      await services(server).keys.revoke(tester, await keyIdOf(admin))
      await eventually(
        () => there.get(organization.path),
        ({ status }) => status === 401,
        5_000,
      )
    })

    it('forget what they remember when for a moment they could not hear', async () => {
      const [{ owner, path, id }, gone] = [await server.organization(), await server.organization()]
      const change = server.database.dataSource.query.bind(server.database.dataSource)
      const [key] = await change('delete from personal_api_keys where user_id = $1 returning *', [gone.owner.row.id])
      expect((await at(other, owner).patch(path)).status).toBe(200)
      expect((await at(other, gone.owner).get(gone.path)).status).toBe(401)
      await change('update organization_memberships set level = 1 where organization_id = $1', [id])
      await other.database.dataSource.getRepository(PersonalApiKey).insert(key[0])
      expect((await at(other, owner).patch(path)).status).toBe(200)
      expect((await at(other, gone.owner).get(gone.path)).status).toBe(401)
      const redis = new Redis(REDIS_URL)
      await redis.client('KILL', 'TYPE', 'pubsub')
      await redis.quit()
      await eventually(
        () => at(other, owner).patch(path),
        ({ status }) => status === 403,
        5_000,
      )
      expect((await at(other, gone.owner).get(gone.path)).status).toBe(200)
    })

    it('leave no connection to it behind', async () => {
      const name = `polity-${randomUUID()}`
      const ending = await TestServer.start({
        environment: { ...LONG, REDIS_URL: `${REDIS_URL}?connectionName=${name}` },
      })
      const redis = new Redis(REDIS_URL)
      const connections = async () => String(await redis.client('LIST')).split(name).length - 1
      await eventually(connections, (count) => count === 2, 5_000)
      await ending.close()
      await eventually(connections, (count) => count === 0, 5_000)
      await redis.quit()
    })

    it.each(['60000', '0'])('hear of what a command changes, too, which remembers access for %s ms', async (ttl) => {
      const organization = await server.organization()
      const { owner } = organization
      expect((await owner.get(organization.path)).status).toBe(200)
      const config = loadConfig({ ...testEnvironment(), ...environment, AUTH_CACHE_TTL_MS: ttl })
      const output = { out: () => undefined, err: () => undefined }
      expect(await run(['users', 'deactivate', owner.row.email], { output, config })).toBe(0)
      await eventually(
        () => owner.get(organization.path),
        ({ status }) => status === 401,
        5_000,
      )
    })
  })
}
