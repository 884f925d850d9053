import { describe, expect, it } from '@jest/globals'
import { expectError, useServer } from '../support/kit.js'

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

  it.each([
    [{}, 'required', 'This field is required.', 'name'],
    [{ name: null }, 'null', 'This field may not be null.', 'name'],
    [{ name: '' }, 'blank', 'This field may not be blank.', 'name'],
    [{ name: '   ' }, 'blank', 'This field may not be blank.', 'name'],
    [{ name: 'x'.repeat(65) }, 'max_length', 'Ensure this field has no more than 64 characters.', 'name'],
    [{ name: true }, 'invalid_input', 'Not a valid string.', 'name'],
    [{ name: {} }, 'invalid_input', 'Not a valid string.', 'name'],
    [{ name: 'a\0b' }, 'null_characters_not_allowed', 'Null characters are not allowed.', 'name'],
    [{ name: 'a\uD800' }, 'surrogate_characters_not_allowed', 'Surrogate characters are not allowed: U+D800.', 'name'],
    [{ enforce_2fa: 'maybe' }, 'required', 'This field is required.', 'name'],
    [{ name: 'A', enforce_2fa: 'maybe' }, 'invalid_input', 'Must be a valid boolean.', 'enforce_2fa'],
    [{ name: 'A', members_can_invite: [] }, 'invalid_input', 'Must be a valid boolean.', 'members_can_invite'],
    [{ name: 'A', default_anonymize_ips: null }, 'null', 'This field may not be null.', 'default_anonymize_ips'],
    [
      { name: 'A', default_experiment_stats_method: 'x' },
      'invalid_choice',
      '"x" is not a valid choice.',
      'default_experiment_stats_method',
    ],
    [{ name: 'A', logo_media_id: 'abc' }, 'invalid_input', 'Must be a valid UUID.', 'logo_media_id'],
    [
      { name: 'A', default_role_id: '0190aaaa-1111-7000-8000-000000000001' },
      'does_not_exist',
      'Invalid pk "0190aaaa-1111-7000-8000-000000000001" - object does not exist.',
      'default_role_id',
    ],
    [[], 'invalid_input', 'Invalid data. Expected a dictionary, but got list.', null],
    ['"text"', 'invalid_input', 'Invalid data. Expected a dictionary, but got str.', null],
  ])('refuses %j', async (body, code, detail, attr) => {
    const user = await server.user()
    expectError(await user.post('/api/organizations/', body), 400, code, detail, attr)
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

  it('lets an admin, and not a member, who learns nothing of an invalid body', async () => {
    const organization = await server.organization()
    const [admin, member] = [await organization.admin(), await organization.member()]
    expect((await admin.patch(organization.path, { enforce_2fa: true })).body.enforce_2fa).toBe(true)
    const refused = 'Your organization access level is insufficient.'
    expectError(await member.patch(organization.path, { name: null }), 403, 'permission_denied', refused)
    expectError(await member.put(organization.path, { name: 'X' }), 403, 'permission_denied', refused)
    const malformed = await server.request('PATCH', organization.path, { key: member.key, body: '{' })
    expectError(malformed, 403, 'permission_denied', refused)
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

  it('counts active members only', async () => {
    const organization = await server.organization()
    const inactive = await organization.member()
    await organization.member()
    await server.database.dataSource.query('update users set is_active = false where id = $1', [inactive.row.id])
    expect((await organization.reload()).member_count).toBe(2)
  })
})

describe('GET /api/organizations/', () => {
  it('pages with absolute links that keep other parameters, oldest first', async () => {
    const user = await server.user()
    const ids = []
    for (const name of ['One', 'Two', 'Three']) ids.push((await user.post('/api/organizations/', { name })).body.id)
    const path = '/api/organizations/'
    const first = (await user.get(`${path}?limit=1&x=a%20b`)).body
    expect(first).toMatchObject({ count: 3, previous: null, results: [{ id: ids[0] }] })
    expect(first.next).toBe(`${server.url}${path}?limit=1&x=a+b&offset=1`)
    const second = (await user.get(first.next.slice(server.url.length))).body
    expect(second).toMatchObject({
      count: 3,
      results: [{ id: ids[1] }],
      previous: `${server.url}${path}?limit=1&x=a+b`,
    })
    const past = (await user.get(`${path}?offset=10`)).body
    expect(past).toMatchObject({ count: 3, next: null, results: [] })
    const byPage = (await user.get(`${path}?page=2&page_size=2`)).body
    expect(byPage).toMatchObject({
      count: 3,
      results: [{ id: ids[2] }],
      next: null,
      previous: `${server.url}${path}?page=1&page_size=2`,
    })
  })

  it.each([
    'limit=0',
    'limit=-1',
    'limit=abc',
    'limit=1e9',
    'offset=abc',
    'offset=-1',
    'limit=1&limit=100',
    'page=x',
    'page=0&page_size=-2',
    'limit=99999999999',
  ])('forgives %s', async (query) => {
    const { owner } = await server.organization()
    expect(await owner.get(`/api/organizations/?${query}`)).toMatchObject({
      status: 200,
      body: { count: 1, results: [{}] },
    })
  })

  it('searches names and slugs, orders, and refuses an order it does not know', async () => {
    const user = await server.user()
    for (const name of ['Beta', 'alpha', 'Gamma 100%']) await user.post('/api/organizations/', { name })
    const names = async (query: string) =>
      (await user.get(`/api/organizations/?${query}`)).body.results.map(({ name }: { name: string }) => name)
    expect(await names('ordering=name')).toEqual(['alpha', 'Beta', 'Gamma 100%'])
    expect(await names('ordering=-name')).toEqual(['Gamma 100%', 'Beta', 'alpha'])
    expect(await names('ordering=-created_at')).toEqual(['Gamma 100%', 'alpha', 'Beta'])
    expect(await names('search=ALPH')).toEqual(['alpha'])
    expect(await names('search=%25')).toEqual(['Gamma 100%'])
    expect(await names('search=_')).toEqual([])
    const refused = await user.get('/api/organizations/?ordering=slug')
    expectError(refused, 400, 'invalid_choice', '"slug" is not a valid choice.', 'ordering')
  })

  it('is empty for someone without organizations', async () => {
    const user = await server.user()
    expect((await user.get('/api/organizations/')).body).toEqual({ count: 0, next: null, previous: null, results: [] })
  })
})

describe('DELETE /api/organizations/:id/ and restore', () => {
  it('lets the owner only; the organization stays readable and nothing else about it is', async () => {
    const organization = await server.organization()
    const [admin, member] = [await organization.admin(), await organization.member()]
    const insufficient = 'Your organization access level is insufficient.'
    expectError(await admin.delete(organization.path), 403, 'permission_denied', insufficient)
    const deleted = await organization.owner.delete(organization.path)
    expect(deleted).toMatchObject({ status: 204, text: '' })
    for (const caller of [organization.owner, member]) {
      expect((await caller.get(organization.path)).body.is_pending_deletion).toBe(true)
      expect((await caller.get('/api/organizations/')).body.results[0].is_pending_deletion).toBe(true)
      const nested = await caller.get(`${organization.path}projects/`)
      expectError(nested, 403, 'permission_denied', 'Your organization is being deleted.')
    }
    const patched = await organization.owner.patch(organization.path, { name: 'X' })
    expectError(patched, 403, 'permission_denied', 'Your organization is being deleted.')
    const again = await organization.owner.delete(organization.path)
    expectError(again, 400, 'invalid_input', 'This organization is already being deleted.')
    expectError(await admin.post(`${organization.path}restore/`), 403, 'permission_denied', insufficient)
    const restored = await organization.owner.post(`${organization.path}restore/`)
    expect(restored).toMatchObject({ status: 200, body: { id: organization.id, is_pending_deletion: false } })
    const notPending = await organization.owner.post(`${organization.path}restore/`)
    expectError(notPending, 400, 'invalid_input', 'This organization is not being deleted.')
  })
})

describe('a deactivated organization', () => {
  it('can be read, and says why nothing else', async () => {
    const organization = await server.organization()
    const set = (reason: string | null) =>
      server.database.dataSource.query(
        'update organizations set is_active = false, is_not_active_reason = $2 where id = $1',
        [organization.id, reason],
      )
    await set('Unpaid bills.')
    expect((await organization.owner.get(organization.path)).body).toMatchObject({
      is_active: false,
      is_not_active_reason: 'Unpaid bills.',
    })
    const refused = await organization.owner.patch(organization.path, { name: 'X' })
    expectError(refused, 403, 'permission_denied', 'Your organization has been deactivated. Unpaid bills.')
    await set(null)
    const nested = await organization.owner.get(`${organization.path}projects/`)
    expectError(nested, 403, 'permission_denied', 'Your organization has been deactivated.')
    const stranger = await server.user()
    expectError(await stranger.get(organization.path), 404, 'not_found', 'Not found.')
  })
})
