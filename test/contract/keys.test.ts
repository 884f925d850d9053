import { describe, expect, it } from '@jest/globals'
import { KeyUsage } from '../../src/access/key-usage.js'
import { type Actor, PersonalApiKeysService, systemActor } from '../../src/index.js'
import { expectError, type TestUser, useServer } from '../support/kit.js'

const server = useServer()
/** The whole of a refusal by a service. */
const refusal = (attr: string | null, detail: string) => ({
  status: 400,
  body: { type: 'validation_error', code: 'invalid_input', attr, detail: expect.stringContaining(detail) },
})
const invalid = (place: string) => `Personal API key found in request ${place} is invalid.`

describe('where a key is found', () => {
  it('is the header, then the body, then the query string, and only the first counts', async () => {
    const { owner } = await server.organization()
    const path = '/api/users/@me/'
    expect((await server.request('GET', `${path}?personal_api_key=${owner.key}`)).status).toBe(200)
    expect((await server.request('GET', path, { headers: { authorization: `Bearer  ${owner.key}  ` } })).status).toBe(
      200,
    )
    const inBody = { personal_api_key: owner.key, name: 'By body' }
    expect((await server.request('POST', '/api/organizations/', { body: inBody })).status).toBe(201)
    const wrongFirst = await server.request('GET', `${path}?personal_api_key=${owner.key}`, { key: 'phx_wrong' })
    expectError(wrongFirst, 401, 'authentication_failed', invalid('Authorization header'))
    expect(wrongFirst.headers.get('www-authenticate')).toBe('Bearer')
    expectError(
      await server.request('GET', `${path}?personal_api_key=x`),
      401,
      'authentication_failed',
      invalid('query string'),
    )
    const wrongBody = await server.request('POST', '/api/organizations/', { body: { personal_api_key: 'x' } })
    expectError(wrongBody, 401, 'authentication_failed', invalid('body'))
    expectError(
      await server.request('GET', path),
      401,
      'not_authenticated',
      'Authentication credentials were not provided.',
    )
    expect(server.logLines.join('')).not.toContain(owner.key)
  })

  it('is not looked for where a route is public', async () => {
    for (const path of ['/livez', '/readyz'])
      for (const key of [undefined, 'phx_wrong']) expect((await server.request('GET', path, { key })).status).toBe(200)
  })

  it('never comes back in a link', async () => {
    const { owner } = await server.organization()
    await owner.post('/api/organizations/', { name: 'Second' })
    const page = await server.request('GET', `/api/organizations/?limit=1&personal_api_key=${owner.key}`)
    expect(page.body.next).not.toContain('phx_')
  })
})

describe('scopes', () => {
  it.each([
    [['organization:read'], 'GET', 200],
    [['organization:write'], 'GET', 200],
    [['organization:write'], 'PATCH', 200],
    [['*'], 'PATCH', 200],
  ])('%j may %s', async (scopes, method, status) => {
    const organization = await server.organization()
    const caller = await organization.owner.with({ scopes })
    expect(
      (await server.request(method, organization.path, { key: caller.key, body: method === 'PATCH' ? {} : undefined }))
        .status,
    ).toBe(status)
  })

  it('name the one that is missing', async () => {
    const organization = await server.organization()
    const caller = await organization.owner.with({ scopes: ['organization:read', 'project:write'] })
    const missing = (scope: string) => `API key missing required scope '${scope}'`
    expectError(await caller.patch(organization.path, {}), 403, 'permission_denied', missing('organization:write'))
    expectError(await caller.get('/api/users/@me/'), 403, 'permission_denied', missing('user:read'))
    const integrations = `${organization.path}integrations/`
    expectError(await caller.get(integrations), 403, 'permission_denied', missing('organization_integration:read'))
    const other = await organization.owner.with({ scopes: ['project:read'] })
    expectError(await other.get('/api/organizations/'), 403, 'permission_denied', missing('organization:read'))
    expectError(await other.get(organization.path), 403, 'permission_denied', missing('organization:read'))
  })

  it('say so before they say what exists, and the key’s own reach before the membership', async () => {
    const [acme, globex] = [await server.organization(), await server.organization()]
    const unscoped = await acme.owner.with({ scopes: ['user:read'] })
    const sentence = "API key missing required scope 'organization:read'"
    for (const path of [globex.path, '/api/organizations/abc/', '/api/organizations/@current/'])
      expectError(await unscoped.get(path), 403, 'permission_denied', sentence)
    const scoped = await acme.owner.with({ scoped_organizations: [acme.id] })
    const reach = `API key does not have access to the requested organization: ID ${globex.id}.`
    expectError(await scoped.get(`${globex.path}projects/`), 403, 'permission_denied', reach)
    expectError(await scoped.get(globex.path), 404, 'not_found', 'Not found.')
  })

  it('of every kind open no route that is not for keys', async () => {
    const { owner } = await server.organization()
    const sentence = 'This action does not support Personal API Key access'
    for (const scopes of [['*'], ['user:write', 'organization:write']])
      expectError(
        await (await owner.with({ scopes })).post('/api/personal_api_keys/'),
        403,
        'permission_denied',
        sentence,
      )
  })

  it('may be everything for a legacy key without any', async () => {
    const organization = await server.organization()
    await server.database.dataSource.query("update personal_api_keys set scopes = '{}' where user_id = $1", [
      organization.owner.row.id,
    ])
    expect((await organization.owner.patch(organization.path, { name: 'Legacy' })).status).toBe(200)
  })
})

describe('a key scoped to organizations', () => {
  it('reaches only those', async () => {
    const [inside, outside] = [await server.organization(), await server.organization()]
    const user = inside.owner
    const added = await user.post('/api/organizations/', { name: 'Current' })
    const caller = await user.with({ scoped_organizations: [inside.id] })
    expect((await caller.get('/api/organizations/')).body).toMatchObject({ count: 1, results: [{ id: inside.id }] })
    expectError(await caller.get(`/api/organizations/${added.body.id}/`), 404, 'not_found', 'Not found.')
    const sentence = `API key does not have access to the requested organization: ID ${added.body.id}.`
    expectError(await caller.get(`/api/organizations/${added.body.id}/projects/`), 403, 'permission_denied', sentence)
    expectError(await caller.get('/api/organizations/@current/'), 403, 'permission_denied', sentence)
    expect(
      (await caller.get('/api/projects/')).body.results.map((p: { organization: string }) => p.organization),
    ).toEqual([inside.id])
    expect((await caller.get('/api/users/@me/')).status).toBe(200)
    expect((await caller.post('/api/organizations/', { name: 'New' })).status).toBe(201)
    expect((await caller.get(outside.path)).status).toBe(404)
  })
})

describe('a key scoped to projects', () => {
  it('has no organization routes, but its own user', async () => {
    const organization = await server.organization()
    const caller = await organization.owner.with({ scoped_teams: [organization.view.projects[0]!.id] })
    const sentence = 'API keys with scoped projects are only supported on project-based endpoints.'
    for (const path of ['/api/organizations/', organization.path, `${organization.path}projects/`, '/api/projects/']) {
      expectError(await caller.get(path), 403, 'permission_denied', sentence)
    }
    expectError(await caller.post('/api/organizations/', { name: 'X' }), 403, 'permission_denied', sentence)
    expect((await caller.get('/api/users/@me/')).status).toBe(200)
  })
})

describe('members_can_use_personal_api_keys', () => {
  it('off refuses the keys of members, not of admins, and not their own user', async () => {
    const organization = await server.organization('Strict')
    const [admin, member] = [await organization.admin(), await organization.member()]
    await organization.owner.patch(organization.path, { members_can_use_personal_api_keys: false })
    const sentence =
      "Organization 'Strict' does not allow using personal API keys. Contact an admin to enable personal API keys for this organization."
    expectError(await member.get(organization.path), 403, 'permission_denied', sentence)
    expectError(await member.get(`${organization.path}projects/`), 403, 'permission_denied', sentence)
    expect((await member.get('/api/projects/')).body.count).toBe(0)
    expect((await admin.get(organization.path)).status).toBe(200)
    expect((await member.get('/api/users/@me/')).status).toBe(200)
    expect((await member.get('/api/organizations/')).status).toBe(200)
  })
})

describe('/api/personal_api_keys/', () => {
  it('describes the key in use and no other, and lets no key make or change keys', async () => {
    const organization = await server.organization()
    const caller = await organization.owner.with({ scopes: ['project:read'], label: 'CI' })
    // Otherwise the server might write when the key was used between two of the answers below.
    await caller.get('/api/personal_api_keys/@current/')
    await server.application.get(KeyUsage).flush()
    const { body } = await caller.get('/api/personal_api_keys/@current/')
    expect(body).toMatchObject({
      label: 'CI',
      value: null,
      scopes: ['project:read'],
      scoped_teams: [],
      scoped_organizations: [],
      user_id: caller.row.id,
    })
    expect(Object.keys(body)).toEqual([
      'id',
      'label',
      'value',
      'mask_value',
      'created_at',
      'last_used_at',
      'last_rolled_at',
      'user_id',
      'scopes',
      'scoped_teams',
      'scoped_organizations',
      'expires_at',
    ])
    expect(body.mask_value).toBe(`phx_...${caller.key.slice(-4)}`)
    expect(JSON.stringify(body)).not.toContain('sha256')
    expect((await caller.get(`/api/personal_api_keys/${body.id}/`)).body).toEqual(body)
    const other = (await organization.owner.get('/api/personal_api_keys/@current/')).body
    expectError(await caller.get(`/api/personal_api_keys/${other.id}/`), 404, 'not_found', 'Not found.')
    const sentence = 'This action does not support Personal API Key access'
    expectError(
      await organization.owner.post('/api/personal_api_keys/', { label: 'x' }),
      403,
      'permission_denied',
      sentence,
    )
    expectError(await organization.owner.get('/api/personal_api_keys/'), 403, 'permission_denied', sentence)
    expectError(
      await organization.owner.delete(`/api/personal_api_keys/${other.id}/`),
      403,
      'permission_denied',
      sentence,
    )
    expectError(
      await organization.owner.post(`/api/personal_api_keys/${other.id}/roll/`),
      403,
      'permission_denied',
      sentence,
    )
  })

  it('writes last_used_at beside the requests, once a minute, and never backwards', async () => {
    const { owner } = await server.organization()
    const usage = server.application.get(KeyUsage)
    const stored = async () => (await owner.get('/api/personal_api_keys/@current/')).body.last_used_at
    await owner.get('/api/users/@me/')
    await usage.flush()
    const first = await stored()
    expect(Date.now() - Date.parse(first)).toBeLessThan(60_000)
    await owner.get('/api/users/@me/')
    await usage.flush()
    expect(await stored()).toBe(first)
  })

  it.each([
    ['never', null, true],
    ['two minutes ago', -120_000, true],
    ['a year ago', -31_536_000_000, true],
    ['half a minute ago', -30_000, false],
    ['in the future', 3_600_000, false],
  ])('writes last_used_at of a key that was used %s: %s', async (_when, offset, written) => {
    const { owner } = await server.organization()
    const before = offset === null ? null : new Date(Date.now() + offset)
    await server.database.dataSource.query('update personal_api_keys set last_used_at = $2 where user_id = $1', [
      owner.row.id,
      before,
    ])
    const { last_used_at } = (await owner.get('/api/personal_api_keys/@current/')).body
    expect(last_used_at).toBe(before?.toISOString() ?? null)
    await server.application.get(KeyUsage).flush()
    const after = (await owner.get('/api/personal_api_keys/@current/')).body.last_used_at
    expect(after !== last_used_at).toBe(written)
  })

  it('holds ten keys of a user at the most', async () => {
    const user = await server.user()
    for (let count = 1; count < 10; count++) await user.with({})
    await expect(user.with({})).rejects.toMatchObject(refusal(null, 'You can only have 10 personal API keys.'))
  })

  it('holds ten keys of a user, and ten sign-ins, also when more come at once', async () => {
    const { row } = await server.user()
    const service = server.application.get(PersonalApiKeysService)
    const atOnce = (make: () => Promise<unknown>) => Promise.allSettled(Array.from({ length: 5 }, make))
    const keysCalled = async (label: string) =>
      (await service.list(row.id)).filter((key) => key.label === label && key.value === null).length
    for (let count = 1; count < 9; count++) await server.key(row.id, {})
    const made = await atOnce(() => server.key(row.id, {}))
    expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', ...Array(4).fill('rejected')])
    expect(await keysCalled('test')).toBe(10)
    const signIn = () => service.signIn(systemActor('test'), row.id, new Date(Date.now() + 3_600_000), 'test')
    for (let round = 0; round < 3; round++) await atOnce(signIn)
    expect(await keysCalled('Vercel sign-in')).toBe(10)
  })

  it('refuses a scope that does not exist', async () => {
    const user = await server.user()
    await expect(user.with({ scopes: ['organization:own'] })).rejects.toMatchObject(
      refusal('scopes', 'Invalid scope: organization:own'),
    )
  })
})

describe('the reach of a key', () => {
  it('is within what its user belongs to, in capitals and named twice too', async () => {
    const { owner, id, view } = await server.organization()
    const project = view.projects[0]!.id
    const key = await owner.with({ scoped_organizations: [id, id.toUpperCase()] })
    expect((await key.get('/api/organizations/')).body.count).toBe(1)
    await expect(owner.with({ scoped_teams: [project, project], scoped_organizations: [id] })).resolves.toBeDefined()
  })

  it('never goes beyond it, however much else is named', async () => {
    const [{ owner, id, view }, other] = [await server.organization(), await server.organization()]
    const [own, foreign] = [view.projects[0]!.id, other.view.projects[0]!.id]
    const sentence = (what: string) => `You must be a member of all ${what} that you are scoping the key to.`
    for (const scoped_organizations of [[other.id], [id, other.id], [id, 'acme'], [crypto.randomUUID()]])
      for (const scoped_teams of [[], [own]])
        await expect(owner.with({ scoped_organizations, scoped_teams })).rejects.toMatchObject(
          refusal('scoped_organizations', sentence('organizations')),
        )
    for (const scoped_teams of [[foreign], [own, foreign], [2_000_000_000]])
      for (const scoped_organizations of [[], [id]])
        await expect(owner.with({ scoped_organizations, scoped_teams })).rejects.toMatchObject(
          refusal('scoped_teams', sentence('teams')),
        )
    expect(await server.application.get(PersonalApiKeysService).list(owner.row.id)).toHaveLength(1)
  })
})

describe('the service of the keys', () => {
  const service = () => server.application.get(PersonalApiKeysService)
  const inAnHour = () => new Date(Date.now() + 3_600_000)

  it('keeps a label without the space around it, and refuses one that is blank or too long', async () => {
    const user = await server.user()
    const labelOf = async (label: string) =>
      (await (await user.with({ label })).get('/api/personal_api_keys/@current/')).body.label
    expect(await labelOf('  CI  ')).toBe('CI')
    expect(await labelOf(` ${'x'.repeat(40)} `)).toBe('x'.repeat(40))
    for (const label of ['', '  ', 'x'.repeat(41)])
      await expect(user.with({ label })).rejects.toMatchObject({ status: 400, body: { attr: 'label' } })
  })

  it('refuses a key that has expired, that never would, or that has no scope', async () => {
    const user = await server.user()
    for (const expires_at of [new Date(Date.now() - 1), new Date(NaN)])
      await expect(user.with({ expires_at })).rejects.toMatchObject(
        refusal('expires_at', 'A key must expire in the future.'),
      )
    await expect(user.with({ scopes: [] })).rejects.toThrow('Invalid scope: . Valid scopes are *, organization:read, ')
    await expect(user.with({ scopes: ['user:read', 'x'] })).rejects.toThrow('Invalid scope: x. Valid scopes are *, ')
  })

  it('lets the oldest of more than ten sign-ins end, those that have expired first, and nothing else', async () => {
    const [user, other] = [await server.user(), await server.user()]
    const signIn = async ({ row }: TestUser) => {
      const view = await service().signIn(systemActor('test'), row.id, inAnHour(), 'test')
      expect(view).toMatchObject({
        label: 'Vercel sign-in',
        user_id: row.id,
        scopes: ['*'],
        expires_at: expect.any(Date),
      })
      return view
    }
    const sameName = await service().create(systemActor('test'), {
      user_id: user.row.id,
      label: 'Vercel sign-in',
      scopes: ['user:read'],
    })
    const theirs = await signIn(other)
    const made: string[] = []
    for (let time = 0; time < 11; time++) made.push((await signIn(user)).id)
    const left = async () =>
      (await service().list(user.row.id)).filter(({ id }) => made.includes(id)).map(({ id }) => id)
    expect(await left()).toEqual(made.slice(1).reverse())
    const expired = `update personal_api_keys set expires_at = now() - interval '1 second' where id = $1`
    await server.database.dataSource.query(expired, [made[10]])
    made.push((await signIn(user)).id)
    expect(await left()).toEqual([made[11], ...made.slice(1, 10).reverse()])
    await expect(service().one(sameName.id)).resolves.toMatchObject({ label: 'Vercel sign-in' })
    await expect(service().one(theirs.id)).resolves.toMatchObject({ user_id: other.row.id })
  })

  it('undoes what belongs to a transaction with it', async () => {
    const user = await server.user()
    const { id } = (await user.get('/api/personal_api_keys/@current/')).body
    await server.application.get(KeyUsage).flush()
    const before = await service().list(user.row.id)
    const undone = new Error('undone')
    const works: ((by: Actor) => Promise<unknown>)[] = [
      (by) => service().create(by, { user_id: user.row.id, label: 'CI', scopes: ['user:read'] }),
      (by) => service().signIn(by, user.row.id, inAnHour(), 'test'),
      (by) => service().roll(by, id),
      (by) => service().revoke(by, id),
    ]
    for (const work of works) {
      const fails = server.database.transaction(async (tx) => {
        await work(tx.for(systemActor('test')))
        throw undone
      })
      await expect(fails).rejects.toBe(undone)
    }
    expect(await service().list(user.row.id)).toEqual(before)
    expect((await user.get('/api/users/@me/')).status).toBe(200)
  })

  it('rolls a key: another value, and the rest of it as it was', async () => {
    const { owner, id: organizationId } = await server.organization()
    const key = await owner.with({ label: 'CI', scopes: ['user:read'], scoped_organizations: [organizationId] })
    const { id } = (await key.get('/api/personal_api_keys/@current/')).body
    await server.application.get(KeyUsage).flush()
    const before = await service().one(id)
    const rolled = await service().roll(systemActor('test'), id)
    expect(rolled).toEqual({
      ...before,
      value: expect.stringMatching(/^phx_/),
      mask_value: `phx_...${rolled.value!.slice(-4)}`,
      last_rolled_at: expect.any(Date),
    })
    expect(await service().one(id)).toEqual({ ...rolled, value: null })
    const status = async (value: string) => (await server.request('GET', '/api/users/@me/', { key: value })).status
    expect([await status(key.key), await status(rolled.value!), await status(owner.key)]).toEqual([401, 200, 200])
  })

  it('knows no key that was revoked', async () => {
    const user = await server.user()
    const { id } = (await user.get('/api/personal_api_keys/@current/')).body
    await service().revoke(systemActor('test'), id)
    const by = systemActor('test')
    for (const ask of [() => service().one(id), () => service().roll(by, id), () => service().revoke(by, id)])
      await expect(ask()).rejects.toMatchObject({ status: 404 })
  })

  it('goes through everybody’s keys page by page, each once, without a value', async () => {
    const { row } = await server.user()
    await server.database.dataSource.query(
      `insert into personal_api_keys (id, user_id, label, secure_value, mask_value, scopes)
       select concat('many-', n, '-', $1::integer), $1::integer, 'many', concat('many-', n, '-', $1::integer), '********', '{user:read}'
       from generate_series(1, 1001) n`,
      [row.id],
    )
    const seen = []
    for await (const page of service().all()) seen.push(...page)
    await server.database.dataSource.query(`delete from personal_api_keys where user_id = $1 and label = 'many'`, [
      row.id,
    ])
    const own = seen.filter(({ user_id }) => user_id === row.id)
    expect(own).toHaveLength(1002)
    expect(new Set(own.map(({ id }) => id)).size).toBe(1002)
    expect(own.every(({ value }) => value === null)).toBe(true)
  })
})
