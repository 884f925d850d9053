import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { OrganizationIntegration } from '../../src/index.js'
import { expectError, type TestOrganization, useServer } from '../support/kit.js'

const server = useServer()

/** What a field refuses: a value, the code, the sentence. */
type Refusal = [value: unknown, code: string, detail: string]

const isNull: Refusal = [null, 'null', 'This field may not be null.']
const booleans = ['maybe', 2, 1.5, [], {}, '\0'].map((value): Refusal => [
  value,
  'invalid_input',
  'Must be a valid boolean.',
])
const missing = randomUUID()
const references: Refusal[] = [
  ...['abc', 7, 'a\0b', '\uD800', '   '].map((value): Refusal => [value, 'invalid_input', 'Must be a valid UUID.']),
  ...Object.entries({ bool: true, list: [], dict: {} }).map(([type, value]): Refusal => [
    value,
    'incorrect_type',
    `Incorrect type. Expected pk value, received ${type}.`,
  ]),
  [missing, 'does_not_exist', `Invalid pk "${missing}" - object does not exist.`],
]
const tooLong = 'Ensure this field has no more than 64 characters.'

const refusals: Record<string, Refusal[]> = {
  name: [
    isNull,
    ...['', ' \t\n'].map((value): Refusal => [value, 'blank', 'This field may not be blank.']),
    ...[true, [], {}].map((value): Refusal => [value, 'invalid_input', 'Not a valid string.']),
    // The first is what JavaScript makes of 9007199254740993; neither is what was sent.
    ...[2 ** 53, 1e21].map((value): Refusal => [value, 'invalid_input', 'Not a valid string.']),
    ...['x'.repeat(65), '🚀'.repeat(65)].map((value): Refusal => [value, 'max_length', tooLong]),
    ['a\0b', 'null_characters_not_allowed', 'Null characters are not allowed.'],
    ['\uDC00a', 'surrogate_characters_not_allowed', 'Surrogate characters are not allowed: U+DC00.'],
  ],
  logo_media_id: references,
  enforce_2fa: booleans,
  members_can_invite: booleans,
  members_can_create_projects: booleans,
  members_can_use_personal_api_keys: [isNull, ...booleans],
  allow_publicly_shared_resources: [isNull, ...booleans],
  is_ai_data_processing_approved: booleans,
  default_experiment_stats_method: [
    ['x', 'invalid_choice', '"x" is not a valid choice.'],
    [7, 'invalid_choice', '"7" is not a valid choice.'],
    ['Bayesian', 'invalid_choice', '"Bayesian" is not a valid choice.'],
    [{ secret: 'never shown' }, 'invalid_choice', '"dict" is not a valid choice.'],
  ],
  default_anonymize_ips: [isNull, ...booleans],
  default_role_id: references,
}

describe('a field of an organization', () => {
  it.each(Object.entries(refusals))('%s refuses what it cannot hold, and nothing changes', async (field, cases) => {
    const organization = await server.organization()
    const { owner, path, view } = organization
    for (const [value, code, detail] of cases) {
      const changes = { name: 'Changed', default_anonymize_ips: true, [field]: value }
      for (const call of [
        () => owner.patch(path, changes),
        () => owner.put(path, changes),
        () => owner.post('/api/organizations/', changes),
      ])
        expectError(await call(), 400, code, detail, field)
    }
    expect(await organization.reload()).toEqual(view)
    expect((await owner.get('/api/organizations/')).body.count).toBe(1)
  })

  it('says one error of several: that of the first field', async () => {
    const { owner, path } = await server.organization()
    const several = { default_role_id: 'x', name: '', enforce_2fa: 'x' }
    expectError(await owner.patch(path, several), 400, 'blank', 'This field may not be blank.', 'name')
    const { name: _name, ...others } = several
    expectError(await owner.patch(path, others), 400, 'invalid_input', 'Must be a valid boolean.', 'enforce_2fa')
  })

  it('takes null and blank where they mean nothing set, as forms send them', async () => {
    const { owner, path, view } = await server.organization()
    const unset = { logo_media_id: '', default_role_id: '', enforce_2fa: '', is_ai_data_processing_approved: 'null' }
    expect((await owner.patch(path, unset)).body).toEqual(view)
    const nulls = Object.fromEntries(Object.keys(unset).map((field) => [field, null]))
    expect((await owner.patch(path, nulls)).body).toEqual(view)
    const form = await server.request('PATCH', path, {
      key: owner.key,
      body: 'enforce_2fa=on&default_experiment_stats_method=',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(form.body).toMatchObject({ enforce_2fa: true, default_experiment_stats_method: '' })
  })
})

describe('a form', () => {
  const form = (key: string, path: string, body: string) =>
    server.request('PATCH', path, { key, body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })

  it('is read as browsers write it', async () => {
    const { owner, path } = await server.organization()
    const renamed = await form(owner.key, path, 'name=Fish+%2B+Chips+%26%20more%3D%C3%A9')
    expect(renamed.body).toMatchObject({ name: 'Fish + Chips & more=é' })
  })

  it('has no more than 1000 fields', async () => {
    const { owner, path } = await server.organization()
    expect((await form(owner.key, path, '&a=1'.repeat(999))).status).toBe(200)
    const refused = await form(owner.key, path, '&a=1'.repeat(1_000))
    expectError(refused, 400, 'parse_error', 'The form has more than 1000 fields.')
  })
})

describe('a body', () => {
  it.each([
    ['[]', 'list'],
    ['"text"', 'str'],
    ['12', 'int'],
    ['1.5', 'float'],
    ['true', 'bool'],
    ['null', 'NoneType'],
  ])('%s is no object: it is refused, and nothing changes', async (body, type) => {
    const organization = await server.organization()
    const { owner, path, view } = organization
    const sentence = `Invalid data. Expected a dictionary, but got ${type}.`
    for (const [method, at] of [
      ['POST', '/api/organizations/'],
      ['PATCH', path],
      ['PUT', path],
    ] as const)
      expectError(await server.request(method, at, { key: owner.key, body }), 400, 'invalid_input', sentence)
    expect(await organization.reload()).toEqual(view)
    expect((await owner.get('/api/organizations/')).body.count).toBe(1)
  })

  it('10,000 levels deep is refused, and a name out of 100 of them is no name', async () => {
    const organization = await server.organization()
    const nested = (levels: number) => `{"name": ${'['.repeat(levels)}${']'.repeat(levels)}}`
    const sentence = 'JSON parse error - Nested more than 100 levels deep'
    expectError(await organization.owner.patch(organization.path, nested(10_000)), 400, 'parse_error', sentence)
    const shallow = await organization.owner.patch(organization.path, nested(99))
    expectError(shallow, 400, 'invalid_input', 'Not a valid string.', 'name')
    expect(await organization.reload()).toEqual(organization.view)
  })

  it.each([
    '{"__proto__": {"name": "Polluted", "default_anonymize_ips": true}}',
    '{"constructor": {"prototype": {"name": "Polluted"}}}',
    '{"prototype": {"name": "Polluted"}, "toString": 1, "hasOwnProperty": null}',
  ])('%s sets nothing, here or anywhere', async (body) => {
    const organization = await server.organization()
    const answer = await organization.owner.patch(organization.path, body)
    expect(answer).toMatchObject({ status: 200, body: organization.view })
    const created = await organization.owner.post('/api/organizations/', body)
    expectError(created, 400, 'required', 'This field is required.', 'name')
    expect(({} as Record<string, unknown>).name).toBeUndefined()
  })
})

describe('an id', () => {
  it.each([
    'abc',
    '0',
    '-1',
    '%00',
    '%zz',
    '%ED%A0%80',
    '__proto__',
    'constructor',
    '@CURRENT',
    `${missing}0`,
    missing.replaceAll('-', ''),
    'x'.repeat(600),
  ])('%s that is no UUID is not found, as one that does not exist', async (id) => {
    const { owner } = await server.organization()
    const unknown = await owner.get(`/api/organizations/${missing}/`)
    expectError(unknown, 404, 'not_found', 'Not found.')
    for (const answer of [
      await owner.get(`/api/organizations/${id}/`),
      await owner.patch(`/api/organizations/${id}/`, { name: 'X' }),
      await owner.delete(`/api/organizations/${id}`),
    ]) {
      expect(answer).toMatchObject({ status: 404, text: unknown.text })
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    }
  })

  it('counts in capitals too', async () => {
    const organization = await server.organization()
    const answer = await organization.owner.get(`/api/organizations/${organization.id.toUpperCase()}/`)
    expect(answer).toMatchObject({ status: 200, body: organization.view })
  })
})

describe('an environment mapping', () => {
  it('refuses what is no project’s id, in each of its fields, and nothing changes', async () => {
    const organization = await server.organization()
    const { path, mapped } = await connected(organization)
    const production = organization.view.projects[0]!.id
    for (const field of ['production', 'preview', 'development']) {
      const map = (value: unknown) =>
        organization.owner.patch(`${path}environment-mapping/`, { production, [field]: value })
      expectError(await map(null), 400, 'null', 'This field may not be null.', field)
      for (const value of ['x', '', '1e3', '1.5', 1.5, true, [], {}, 2_147_483_648, '99999999999', '\0'])
        expectError(await map(value), 400, 'invalid_input', 'A valid integer is required.', field)
      for (const value of [0, -1, 2_147_483_647])
        expectError(await map(value), 400, 'invalid_input', `Project ${value} does not belong to this organization.`)
    }
    for (const [body, type] of [
      ['[]', 'list'],
      ['null', 'NoneType'],
    ]) {
      const sentence = `Invalid data. Expected a dictionary, but got ${type}.`
      expectError(await organization.owner.patch(`${path}environment-mapping/`, body), 400, 'invalid_input', sentence)
    }
    expect(await mapped()).toEqual({ config: { type: 'connectable' }, projects: [] })
  })

  /** A linked account, and how it is mapped now. */
  async function connected(organization: TestOrganization) {
    const id = randomUUID()
    await server.database.dataSource.getRepository(OrganizationIntegration).insert({
      organization_id: organization.id,
      id,
      kind: 'vercel',
      config: { type: 'connectable' },
    })
    const path = `${organization.path}integrations/${id}/`
    const mapped = async () => ({
      config: (await organization.owner.get(path)).body.config,
      projects: await server.database.dataSource.query(
        'select 1 from project_integrations where organization_id = $1',
        [organization.id],
      ),
    })
    return { path, mapped }
  }
})
