import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { MembersService, OrganizationsService } from '../../src/index.js'
import { expectError, testActor, useServer } from '../support/kit.js'

const server = useServer()

const wireOrder = [
  'id',
  'name',
  'slug',
  'logo_media_id',
  'created_at',
  'updated_at',
  'membership_level',
  'plugins_access_level',
  'teams',
  'projects',
  'available_product_features',
  'is_member_join_email_enabled',
  'metadata',
  'customer_id',
  'enforce_2fa',
  'members_can_invite',
  'members_can_create_projects',
  'members_can_use_personal_api_keys',
  'allow_publicly_shared_resources',
  'member_count',
  'is_ai_data_processing_approved',
  'default_experiment_stats_method',
  'default_anonymize_ips',
  'default_role_id',
  'is_active',
  'is_not_active_reason',
  'is_pending_deletion',
]

describe('POST /api/organizations/', () => {
  it('makes the caller owner, adds the first project, and becomes the current organization', async () => {
    const user = await server.user()
    const created = await user.post('/api/organizations/', {
      name: ' Größe & Söhne ',
      plugins_access_level: 6,
      is_active: false,
      id: 'x',
    })
    expect(created.status).toBe(201)
    expect(Object.keys(created.body)).toEqual(wireOrder)
    expect(created.body).toMatchObject({
      name: 'Größe & Söhne',
      slug: expect.stringMatching(/^grosse-sohne/),
      membership_level: 15,
      plugins_access_level: 9,
      metadata: { instance_tag: 'none' },
      member_count: 1,
      enforce_2fa: null,
      members_can_invite: true,
      members_can_create_projects: false,
      members_can_use_personal_api_keys: true,
      allow_publicly_shared_resources: true,
      default_experiment_stats_method: 'bayesian',
      default_anonymize_ips: false,
      default_role_id: null,
      is_ai_data_processing_approved: null,
      is_active: true,
      is_pending_deletion: false,
      projects: [{ id: expect.any(Number), organization_id: created.body.id, name: 'Default project' }],
    })
    expect(created.body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z$/)
    expect(created.body.teams[0]).toEqual({
      id: created.body.projects[0].id,
      uuid: expect.any(String),
      organization: created.body.id,
      project_id: created.body.projects[0].id,
      api_token: expect.stringMatching(/^phc_/),
      name: 'Default project',
      completed_snippet_onboarding: false,
      has_completed_onboarding_for: null,
      ingested_event: false,
      is_demo: false,
      timezone: 'UTC',
      access_control: false,
    })
    const me = await user.get('/api/users/@me/')
    expect(me.body.organization).toEqual(created.body)
    expect(me.body.team.id).toBe(created.body.teams[0].id)
    expect((await user.get('/api/organizations/@current/')).body).toEqual(created.body)
  })

  it.each([true, false])(
    'makes a first project that discards addresses where the organization says so: %s',
    async (discards) => {
      const user = await server.user()
      const { id } = (await user.post('/api/organizations/', { name: 'A', default_anonymize_ips: discards })).body
      expect(
        await server.database.dataSource.query('select anonymize_ips from projects where organization_id = $1', [id]),
      ).toEqual([{ anonymize_ips: discards }])
    },
  )

  it('asks for the name before it looks at anything else, and makes nothing without', async () => {
    const user = await server.user()
    for (const body of [{}, { enforce_2fa: 'maybe' }]) {
      const refused = await user.post('/api/organizations/', body)
      expectError(refused, 400, 'required', 'This field is required.', 'name')
    }
    const empty = await server.request('POST', '/api/organizations/', { key: user.key })
    expectError(empty, 400, 'required', 'This field is required.', 'name')
    expect((await user.get('/api/organizations/')).body.count).toBe(0)
  })

  it.each([
    [{ name: 12 }, { name: '12' }],
    [{ name: '🚀'.repeat(64) }, { name: '🚀'.repeat(64) }],
    [
      { name: 'A', enforce_2fa: 'yes', default_anonymize_ips: '1' },
      { enforce_2fa: true, default_anonymize_ips: true },
    ],
    [
      { name: 'A', enforce_2fa: null, members_can_invite: 0 },
      { enforce_2fa: null, members_can_invite: false },
    ],
    [{ name: 'A', default_experiment_stats_method: '' }, { default_experiment_stats_method: '' }],
    [{ name: 'A', default_experiment_stats_method: null }, { default_experiment_stats_method: null }],
    [{ name: 'مرحبا بالعالم' }, { name: 'مرحبا بالعالم' }],
  ])('accepts %j', async (body, expected) => {
    const user = await server.user()
    const created = await user.post('/api/organizations/', body)
    expect(created).toMatchObject({ status: 201, body: expected })
    expect(created.body.slug).toMatch(/^[a-z0-9-]{1,48}$/)
  })

  it('gives namesakes slugs of their own, also when they come at once', async () => {
    const user = await server.user()
    const name = 'n'.repeat(64)
    const created = await Promise.all(Array.from({ length: 8 }, () => user.post('/api/organizations/', { name })))
    expect(created.map(({ status }) => status)).toEqual(Array(8).fill(201))
    const slugs = created.map(({ body }) => body.slug as string)
    expect(new Set(slugs).size).toBe(8)
    for (const slug of slugs) expect(slug).toMatch(/^n{48}$|^n{43}-[a-z]{4,5}$|^n{4,43}-[a-z]+$/)
  })
})

describe('PATCH and PUT /api/organizations/:id/', () => {
  it('changes what is named and nothing else; {} changes nothing at all', async () => {
    const organization = await server.organization()
    const same = await organization.owner.patch(organization.path, {})
    expect(same).toMatchObject({ status: 200, body: organization.view })
    const changed = await organization.owner.patch(organization.path, {
      name: 'Other',
      slug: 'mine',
      is_active: false,
      plugins_access_level: 0,
    })
    expect(changed.body).toEqual({ ...organization.view, name: 'Other', updated_at: changed.body.updated_at })
    expect(changed.body.updated_at > organization.view.updated_at).toBe(true)
    expect(await organization.reload()).toEqual(changed.body)
  })

  it('lets owners and admins, and drops what is not theirs to set', async () => {
    const organization = await server.organization()
    const admin = await organization.admin()
    for (const [caller, name] of [
      [organization.owner, 'By the owner'],
      [admin, 'By an admin'],
    ] as const)
      expect(await caller.patch(organization.path, { name })).toMatchObject({ status: 200, body: { name } })
    const before = await organization.reload()
    const readOnly = {
      id: randomUUID(),
      slug: 'mine',
      created_at: '2020-01-01T00:00:00Z',
      updated_at: null,
      membership_level: 15,
      plugins_access_level: 3,
      teams: [],
      projects: [],
      available_product_features: null,
      is_member_join_email_enabled: false,
      metadata: {},
      customer_id: 'cus_mine',
      member_count: 0,
      is_active: false,
      is_not_active_reason: 'None of your business.',
      is_pending_deletion: true,
      personalization: {},
    }
    expect(await admin.patch(organization.path, readOnly)).toMatchObject({
      status: 200,
      body: { ...before, membership_level: 8 },
    })
    expect(await organization.reload()).toEqual(before)
  })

  it.each([
    ['enforce_2fa', true],
    ['members_can_invite', false],
    ['members_can_create_projects', true],
    ['members_can_use_personal_api_keys', false],
    ['allow_publicly_shared_resources', false],
    ['is_ai_data_processing_approved', true],
    ['default_experiment_stats_method', 'frequentist'],
    ['default_anonymize_ips', true],
  ])('stores %s, and leaves updated_at alone when it stays as it was', async (field, value) => {
    const organization = await server.organization()
    const changed = await organization.owner.patch(organization.path, { [field]: value })
    expect(changed).toMatchObject({ status: 200, body: { [field]: value } })
    expect((await organization.owner.patch(organization.path, { [field]: value })).body).toEqual(changed.body)
    expect(await organization.reload()).toEqual(changed.body)
  })

  it('lets no member, who learns nothing of an invalid body', async () => {
    const organization = await server.organization()
    const member = await organization.member()
    const before = await organization.reload()
    const refused = 'Your organization access level is insufficient.'
    expectError(await member.patch(organization.path, { name: null }), 403, 'permission_denied', refused)
    for (const call of [member.patch, member.put])
      expectError(await call(organization.path, { name: 'X', enforce_2fa: true }), 403, 'permission_denied', refused)
    const malformed = await server.request('PATCH', organization.path, { key: member.key, body: '{' })
    expectError(malformed, 403, 'permission_denied', refused)
    expect(await organization.reload()).toEqual(before)
  })

  it('asks for the name in PUT and keeps what it leaves out', async () => {
    const organization = await server.organization()
    expectError(await organization.owner.put(organization.path, {}), 400, 'required', 'This field is required.', 'name')
    await organization.owner.patch(organization.path, { default_anonymize_ips: true })
    const replaced = await organization.owner.put(organization.path, { name: 'New' })
    expect(replaced).toMatchObject({ status: 200, body: { name: 'New', default_anonymize_ips: true } })
  })
})

describe('GET /api/organizations/:id/', () => {
  it('answers 404, the same bytes, to a stranger and for what does not exist', async () => {
    const [organization, stranger] = [await server.organization(), await server.user()]
    const missing = await stranger.get('/api/organizations/0190aaaa-1111-7000-8000-000000000001/')
    expectError(missing, 404, 'not_found', 'Not found.')
    for (const call of [stranger.get, stranger.delete]) expect((await call(organization.path)).text).toBe(missing.text)
    expect((await stranger.patch(organization.path, { name: 'Mine' })).text).toBe(missing.text)
    expect((await stranger.get('/api/organizations/abc/')).text).toBe(missing.text)
    expect((await organization.reload()).name).toBe(organization.view.name)
  })

  it('answers with and without the last slash', async () => {
    const organization = await server.organization()
    const bare = await organization.owner.get(organization.path.slice(0, -1))
    expect(bare).toMatchObject({ status: 200, body: organization.view })
  })

  it('has no current organization for someone without any', async () => {
    const user = await server.user()
    expectError(await user.get('/api/organizations/@current/'), 404, 'not_found', 'Current organization not found.')
  })

  it('shows its own projects only, and none when it has none', async () => {
    const [acme, globex] = [await server.organization(), await server.organization()]
    for (const { owner, path, id, view } of [acme, globex]) {
      const { projects, teams } = (await owner.get(path)).body
      expect(projects).toEqual([{ id: view.projects[0]!.id, organization_id: id, name: 'Default project' }])
      expect(teams.map((team: { organization: string }) => team.organization)).toEqual([id])
    }
    await server.database.dataSource.query('delete from projects where organization_id = $1', [acme.id])
    expect(await acme.reload()).toMatchObject({ projects: [], teams: [] })
  })

  it('counts active members only, as they come and go', async () => {
    const organization = await server.organization()
    const [inactive, leaving] = [await organization.member(), await organization.member()]
    await organization.member()
    expect((await organization.reload()).member_count).toBe(4)
    await server.application.get(MembersService).remove(testActor(organization.id), leaving.row.id)
    await server.database.dataSource.query('update users set is_active = false where id = $1', [inactive.row.id])
    expect((await organization.reload()).member_count).toBe(2)
  })
})

describe('the service of the organizations', () => {
  const service = () => server.application.get(OrganizationsService)

  it('makes one within a transaction of the caller’s, with the first project that it names, or without', async () => {
    const user = await server.user()
    const found = async (name: string, options?: { firstProject: string | null }) =>
      (await server.database.transaction((tx) => service().create(tx.for(user.caller), { name }, options))).parse().id
    for (const [name, options, projects] of [
      ['Bare', { firstProject: null }, []],
      ['Named', { firstProject: 'Site' }, [{ name: 'Site' }]],
      ['Plain', undefined, [{ name: 'Default project' }]],
    ] as const) {
      const id = await found(name, options)
      const me = (await user.get('/api/users/@me/')).body
      expect(me.organization).toMatchObject({ id, name, membership_level: 15, projects })
      expect(me.team?.id ?? null).toBe(me.organization.projects[0]?.id ?? null)
    }
    for (const name of ['', 'x'.repeat(65)])
      await expect(found(name)).rejects.toMatchObject({ status: 400, body: { attr: 'name' } })
    expect((await user.get('/api/organizations/')).body.count).toBe(3)
  })

  it('restores one for nobody in particular, as a command does', async () => {
    const { owner, path, id, view } = await server.organization()
    await owner.delete(path)
    const restored = await service().restore(testActor(id))
    expect(restored.parse()).toEqual({ ...view, membership_level: null })
    expect((await owner.get(path)).body).toEqual(view)
  })

  it('adds four letters to the slug of the first namesake', async () => {
    const [{ view }, user] = [await server.organization(), await server.user()]
    const { slug } = (await user.post('/api/organizations/', { name: view.name })).body
    expect(slug.slice(0, -5)).toBe(view.slug)
    expect(slug.slice(-5)).toMatch(/^-[a-z]{4}$/)
  })

  it('goes through all of them page by page, each once', async () => {
    const name = `Many ${randomUUID()}`
    const { dataSource } = server.database
    await dataSource.query(
      `with made as (insert into organizations (id, name, slug)
         select gen_random_uuid(), $1, $2 || '-' || n from generate_series(1, 1001) n returning id, slug)
       insert into organization_slugs (slug, organization_id) select slug, id from made`,
      [name, randomUUID()],
    )
    const seen = []
    for await (const page of service().all()) seen.push(...page)
    await dataSource.query('delete from organizations where name = $1', [name])
    const many = seen.filter((organization) => organization.name === name)
    expect(many).toHaveLength(1001)
    expect(new Set(many.map(({ id }) => id)).size).toBe(1001)
  })
})
