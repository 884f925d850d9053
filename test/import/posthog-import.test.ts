import { describe, expect, it } from '@jest/globals'
import { randomInt, randomUUID } from 'node:crypto'
import { run } from '../../src/server/cli/run.js'
import { loadConfig, PersonalApiKeysService, systemActor, UsersService } from '../../src/index.js'
import { isUuid } from '../../src/platform/values/stored-values.js'
import { deferred, eventually, testEnvironment, useServer } from '../support/kit.js'
import { type ExportRow, key, membership, organization, project, user, withBytes, withExport } from './export-file.js'

const server = useServer()

const silent = { out: () => undefined, err: () => undefined }

async function imported(...lines: (ExportRow | string)[] | [Buffer]) {
  const out: string[] = []
  const errors: string[] = []
  const output = { out: (text: string) => void out.push(text), err: (text: string) => void errors.push(text) }
  const importFile = (file: string) =>
    run(['import', 'posthog', file, '--json'], { output, config: loadConfig(testEnvironment()) })
  const [only] = lines
  const code = Buffer.isBuffer(only)
    ? await withBytes(only, importFile)
    : await withExport(lines as ExportRow[], importFile)
  expect(out).toHaveLength(1)
  expect(errors).toEqual([])
  const report = JSON.parse(out[0]!)
  expect(report.refused).toHaveLength(Math.min(report.refused_count, 100))
  expect(code).toBe(report.refused_count === 0 ? 0 : 1)
  return { report }
}

const reasons = ({ report }: Awaited<ReturnType<typeof imported>>): string[] =>
  report.refused.map(({ line, reason }: { line: number; reason: string }) => `${line} ${reason}`)

/** The row with its ids in upper case, but for a key's, which is any text. */
const shouted = (row: ExportRow): ExportRow => ({
  ...row,
  ...(row.uuid === undefined ? {} : { uuid: String(row.uuid).toUpperCase() }),
  ...(isUuid(row.id) && row.type !== 'personal_api_key' ? { id: row.id.toUpperCase() } : {}),
})

/** A number that no row of these tests has. */
const newId = () => randomInt(1_000_000, 1_000_000_000)

describe('polity import posthog', () => {
  it('takes everything twice with the same result; old keys go on working', async () => {
    const [id, value, acme] = [newId(), `phx_${randomUUID()}`, organization({ members_can_create_projects: true })]
    const rows = [
      user(id, { current_organization_id: acme.id }),
      acme,
      membership(acme, id),
      project(acme, id),
      key(id, value, { scopes: null }),
    ]
    const first = await imported(...rows)
    const each = { user: 1, organization: 1, membership: 1, project: 1, personal_api_key: 1 }
    const none = { user: 0, organization: 0, membership: 0, project: 0, personal_api_key: 0 }
    const nothing = { renumbered: [], renumbered_count: 0, refused: [], refused_count: 0 }
    expect(first.report).toEqual({ created: each, unchanged: none, ...nothing })
    expect((await imported(...rows)).report).toEqual({ created: none, unchanged: each, ...nothing })
    const current = await server.request('GET', '/api/organizations/@current/', { key: value })
    expect(current.body).toMatchObject({
      id: acme.id,
      name: 'Imported',
      slug: acme.slug,
      membership_level: 15,
      members_can_create_projects: true,
      is_pending_deletion: false,
      created_at: '2024-01-02T03:04:05.123456Z',
      projects: [{ id, name: 'Web' }],
    })
    const { owner, view } = await server.organization()
    expect(view.projects[0]!.id).toBeGreaterThan(id)
    expect(owner.row.id).toBeGreaterThan(id)
  })

  it('announces what it makes as the import, and nothing of it twice', async () => {
    const ids = Array.from({ length: 10 }, newId)
    const rows = ids.flatMap((id) => {
      const acme = organization()
      return [user(id), acme, membership(acme, id), project(acme, id)]
    })
    const told = () =>
      server.database.dataSource.query(
        `select organization_id, type, item_id, payload, credential_kind, credential_id, user_id from events
         where organization_id = any($1) order by id`,
        [rows.map(({ type, id }) => (type === 'organization' ? id : null))],
      )
    await imported(...rows)
    const import_ = { credential_kind: 'system', credential_id: 'import', user_id: null }
    const events = ids.flatMap((id, index) => {
      const [, acme, member] = rows.slice(4 * index)
      const of = { organization_id: acme!.id, ...import_ }
      return [
        { ...of, type: 'organization.created', item_id: acme!.id, payload: { name: 'Imported' } },
        { ...of, type: 'member.joined', item_id: member!.id, payload: { user_id: id, level: 15 } },
        { ...of, type: 'project.created', item_id: String(id), payload: { name: 'Web' } },
      ]
    })
    const first = await told()
    expect(first).toHaveLength(events.length)
    expect(first).toEqual(expect.arrayContaining(events))
    await imported(...rows)
    expect(await told()).toEqual(first)
  })

  it('announces nothing of a line that it refuses', async () => {
    const [id, acme] = [newId(), organization()]
    const unfit = project(acme, newId(), { created_at: '0000-01-01T00:00:00Z' })
    const refused = await imported(user(id), acme, project(acme, newId()), unfit)
    expect(reasons(refused)).toEqual(['4 a value does not fit (22008)'])
    const events = await server.database.dataSource.query(
      'select type from events where organization_id = $1 order by id',
      [acme.id],
    )
    expect(events).toEqual([{ type: 'organization.created' }, { type: 'project.created' }])
  })

  it('leaves what is here as it is', async () => {
    const [id, value, acme] = [newId(), `phx_${randomUUID()}`, organization()]
    const rows = [user(id), acme, membership(acme, id), key(id, value)]
    await imported(...rows)
    await server.request('PATCH', `/api/organizations/${acme.id}/`, { key: value, body: { name: 'Renamed here' } })
    await imported(...rows)
    const { body } = await server.request('GET', `/api/organizations/${acme.id}/`, { key: value })
    expect(body.name).toBe('Renamed here')
  })

  it('gives nothing to somebody here who only has the number of a user there', async () => {
    const here = await server.organization()
    const { id } = here.owner.row
    const [value, acme] = [`phx_${randomUUID()}`, organization()]
    const rows = [user(id, { first_name: 'Grace' }), acme, membership(acme, id), key(id, value)]
    for (const created of [1, 0]) {
      const { report } = await imported(...rows)
      expect(report).toMatchObject({ created: { user: created, membership: created }, refused: [] })
      expect(report.renumbered).toEqual([{ line: 1, from: id, to: expect.any(Number) }])
    }
    const grace = (await server.request('GET', '/api/users/@me/', { key: value })).body
    expect(grace).toMatchObject({ first_name: 'Grace', organizations: [{ id: acme.id }] })
    expect(grace.id).not.toBe(id)
    const [local] = (await here.owner.get('/api/organizations/')).body.results
    expect(local.id).toBe(here.id)
    expect((await here.owner.get(`/api/organizations/${acme.id}/`)).status).toBe(404)
    expect((await server.request('GET', here.path, { key: value })).status).toBe(404)
  })

  it('refuses with a user whatever is theirs, though the number is somebody’s here', async () => {
    const here = await server.organization()
    const { id, email } = here.owner.row
    const acme = organization()
    const refused = await imported(
      user(id, { email: email.toUpperCase() }),
      acme,
      membership(acme, id),
      key(id, `phx_${randomUUID()}`),
    )
    expect(reasons(refused)).toEqual([
      '1 another user has this email address',
      `3 user ${id} is not in this file before this line, or was refused`,
      `4 user ${id} is not in this file before this line, or was refused`,
    ])
    expect((await here.owner.get('/api/organizations/')).body.count).toBe(1)
  })

  it('refuses alone, and says why, what it cannot take, never with a hash', async () => {
    const here = await server.organization()
    const [id, other, acme] = [newId(), newId(), organization()]
    const foreign = here.view.projects[0]!.id
    const refused = await imported(
      '{broken',
      '[]',
      '',
      { type: 'spaceship' },
      { type: '__proto__' },
      user(id),
      acme,
      user(id),
      user(other, { email: `${'x'.repeat(255)}` }),
      organization({ slug: here.view.slug }),
      organization({ id: 'acme' }),
      organization({ name: 'x'.repeat(65) }),
      organization({ name: 'a\0b' }),
      organization({ name: 'a\uD800' }),
      membership(acme, id, { level: 3 }),
      membership(organization(), id),
      membership(acme, other),
      project(acme, foreign),
      project(organization(), newId()),
      key(id, 'x', { secure_value: 'pbkdf2_sha256$260000$posthog_personal_api_key$aGFzaA==' }),
      key(id, 'x', { scoped_organizations: ['acme'] }),
      membership(acme, id),
    )
    expect(reasons(refused)).toEqual([
      '1 no JSON object',
      '2 no JSON object',
      '4 unknown type; known are user, organization, membership, project, personal_api_key',
      '5 unknown type; known are user, organization, membership, project, personal_api_key',
      `8 user ${id} is somebody else before this line`,
      expect.stringMatching(/^9 email: /),
      '10 another organization has this slug',
      '11 id: is not a UUID',
      '12 name: has too many characters, at most 64 fit',
      '13 name: holds a NUL character',
      '14 name: holds half of a character',
      expect.stringMatching(/^15 level: /),
      expect.stringMatching(/^16 refers to something that does not exist/),
      `17 user ${other} is not in this file before this line, or was refused`,
      `18 project ${foreign} is another organization’s here`,
      expect.stringMatching(/^19 refers to something that does not exist/),
      '20 secure_value: only sha256$<hex> hashes can be imported; roll the key instead',
      expect.stringMatching(/^21 scoped_organizations\.0: /),
    ])
    expect(JSON.stringify(refused)).not.toContain('pbkdf2')
    expect(refused.report.created).toEqual({ user: 1, organization: 1, membership: 1, project: 0, personal_api_key: 0 })
    expect((await here.reload()).projects).toEqual(here.view.projects)
  })

  it('refuses a second organization for a project within one file', async () => {
    const [id, acme, globex] = [newId(), organization(), organization()]
    const refused = await imported(acme, globex, project(acme, id), project(globex, id))
    expect(reasons(refused)).toEqual([`4 project ${id} is another organization’s here`])
  })

  it('takes names of 64 characters whatever they are, and a byte order mark', async () => {
    const [id, value, acme] = [newId(), `phx_${randomUUID()}`, organization({ name: '🚀'.repeat(64) })]
    const { report } = await imported(`\uFEFF${JSON.stringify(user(id))}`, acme, membership(acme, id), key(id, value))
    expect(report.refused).toEqual([])
    const { body } = await server.request('GET', '/api/organizations/@current/', { key: value })
    expect(body.name).toBe('🚀'.repeat(64))
  })

  it('takes ids, addresses and names that the columns can hold, whatever they look like', async () => {
    const [one, two, three] = [newId(), newId(), newId()]
    const old = `${randomUUID().slice(0, 14)}0000-e8a4-${randomUUID().slice(24)}`
    const acme = organization({ id: old, name: '' })
    const value = `phx_${randomUUID()}`
    const email = `r&d-${randomUUID()}@xn--e1afmkfd.xn--p1ai`
    const rows = [
      acme,
      user(one, { email, uuid: old, current_organization_id: old.toUpperCase() }),
      user(two, { email: '' }),
      user(three, { email: undefined }),
      membership(acme, one, { organization_id: old.toUpperCase() }),
      project(acme, one, { uuid: old }),
      key(one, value, { scoped_organizations: [old.toUpperCase()] }),
    ]
    expect((await imported(...rows)).report).toMatchObject({ created: { user: 3, membership: 1 }, refused: [] })
    expect((await imported(...rows.map(shouted))).report).toMatchObject({
      unchanged: { user: 3, organization: 1, membership: 1, project: 1, personal_api_key: 1 },
      refused: [],
    })
    const me = await server.request('GET', '/api/users/@me/', { key: value })
    expect(me.body).toMatchObject({ id: one, email, uuid: old, organizations: [{ id: old, name: '' }] })
  })

  it('takes lines that end at LF only, whatever else stands in them', async () => {
    const [id, value, acme] = [newId(), `phx_${randomUUID()}`, organization({ name: 'a\u2028b\u2029c\u0085d' })]
    const rows = [user(id), acme, membership(acme, id), key(id, value)]
    const text = rows.map((row) => `${JSON.stringify(row)}\r\n`).join(' \t\r\n')
    expect((await imported(text)).report).toMatchObject({ created: { organization: 1, membership: 1 }, refused: [] })
    const { body } = await server.request('GET', `/api/organizations/${acme.id}/`, { key: value })
    expect(body.name).toBe('a\u2028b\u2029c\u0085d')
  })

  it('refuses a line that is not UTF-8, or too long, and takes the ones around it', async () => {
    const [one, two, latin] = [organization(), organization(), organization({ name: 'MÜNCHEN' })]
    const bytes = Buffer.concat([
      Buffer.from(`${JSON.stringify(one)}\n`),
      Buffer.from(`${JSON.stringify(latin)}\n`, 'latin1'),
      Buffer.from(`{"type": "${'x'.repeat(3_000_000)}"}\n`),
      Buffer.from(JSON.stringify(two)),
    ])
    const refused = await imported(bytes)
    expect(reasons(refused)).toEqual(['2 not UTF-8', '3 longer than 1048576 bytes'])
    expect(refused.report.created.organization).toBe(2)
  })

  it('makes a slug where there is none, and never the one of a later line', async () => {
    const name = `Acme ${randomUUID()}`
    const plain = name.toLowerCase().replace(' ', '-')
    const [id, value] = [newId(), `phx_${randomUUID()}`]
    const without = [
      organization({ name, slug: '' }),
      organization({ name, slug: undefined }),
      organization({ name, slug: null }),
    ]
    const rows = [
      user(id),
      ...without,
      organization({ slug: plain }),
      ...without.map((acme) => membership(acme, id)),
      key(id, value),
    ]
    expect((await imported(...rows)).report).toMatchObject({
      created: { organization: 4 },
      refused: [],
    })
    const { body } = await server.request('GET', '/api/organizations/', { key: value })
    const slugs = body.results.map(({ slug }: { slug: string }) => slug)
    expect(new Set(slugs).size).toBe(3)
    for (const slug of slugs) expect(slug).toMatch(new RegExp(`^${plain}-[a-z]+$`))
    expect((await imported(...rows)).report).toMatchObject({
      unchanged: { organization: 4 },
      refused: [],
    })
  })

  it('is not misled by a type within a row, and keeps the row’s number from later organizations', async () => {
    const [id, acme] = [newId(), organization()]
    const misleading = `{"settings": {"type": "user", "id": 1}, ${JSON.stringify(project(acme, id)).slice(1)}`
    expect((await imported(acme, misleading)).report).toMatchObject({ created: { project: 1 }, refused: [] })
    expect((await server.organization()).view.projects[0]!.id).toBeGreaterThan(id)
  })

  it('refuses numbers where texts belong: their digits are lost already', async () => {
    const lines = ['9007199254740993', '1e400'].map((name) =>
      JSON.stringify(organization({ name: 'digits' })).replace('"digits"', name),
    )
    expect(reasons(await imported(...lines))).toEqual([
      expect.stringMatching(/^1 name: /),
      expect.stringMatching(/^2 name: /),
    ])
  })

  it('refuses alone, of many lines that go together, the one that only PostgreSQL refuses', async () => {
    const many = Array.from({ length: 9 }, (_, index) =>
      organization(index === 6 ? { created_at: '0000-01-01T00:00:00Z' } : {}),
    )
    const refused = await imported(...many)
    expect(reasons(refused)).toEqual(['7 a value does not fit (22008)'])
    expect(refused.report.created.organization).toBe(8)
  })

  it('takes lines of one batch as if each came alone', async () => {
    const [one, two, acme, globex] = [newId(), newId(), organization(), organization()]
    const [ada, email] = [user(one), `${randomUUID()}@example.com`]
    const [first, again] = [membership(acme, one), membership(acme, one)]
    const refused = await imported(
      ada,
      ada,
      { ...ada, id: two },
      user(one),
      user(newId(), { email }),
      user(newId(), { email: email.toUpperCase() }),
      acme,
      acme,
      organization({ slug: acme.slug }),
      globex,
      first,
      again,
      membership(globex, two, { id: first.id }),
      project(acme, one),
      project(acme, one),
      project(globex, one),
    )
    expect(reasons(refused)).toEqual([
      `4 user ${one} is somebody else before this line`,
      '6 another user has this email address',
      '9 another organization has this slug',
      `16 project ${one} is another organization’s here`,
    ])
    expect(refused.report).toMatchObject({
      created: { user: 2, organization: 2, membership: 2, project: 1 },
      unchanged: { user: 2, organization: 1, membership: 1, project: 1 },
      renumbered: [{ line: 3, from: two, to: one }],
    })
  })

  it('gives a number to nobody before the line of its user', async () => {
    const [id, acme] = [newId(), organization()]
    const refused = await imported(acme, membership(acme, id), user(id))
    expect(reasons(refused)).toEqual([`2 user ${id} is not in this file before this line, or was refused`])
  })

  it('gives a user no more keys than the service does, and nobody another’s', async () => {
    const [id, other] = [newId(), newId()]
    const keys = Array.from({ length: 11 }, () => key(id, randomUUID()))
    const people = [user(id), user(other)]
    for (const round of ['created', 'unchanged']) {
      const refused = await imported(
        ...people,
        ...keys,
        { ...keys[0]!, user_id: other },
        { ...keys[1]!, id: randomUUID() },
      )
      expect(reasons(refused)).toEqual([
        `13 user ${id} has 10 keys already`,
        '14 another key has this id',
        '15 another key has this value',
      ])
      expect(refused.report[round].personal_api_key).toBe(10)
    }
  })

  it('counts a key that the service creates at the same moment', async () => {
    const person = user(newId())
    await imported(person, ...Array.from({ length: 9 }, () => key(Number(person.id), randomUUID())))
    const users = server.application.get(UsersService)
    const { id: user_id } = (await users.byUuid(String(person.uuid)))!
    const [isCreated, release] = [deferred(), deferred()]
    const creating = server.database.transaction(async (tx) => {
      const tenth = { user_id, label: 'Tenth', scopes: ['user:read'] }
      await server.application.get(PersonalApiKeysService).create(tx.for(systemActor('test')), tenth)
      isCreated.resolve()
      await release.promise
    })
    await isCreated.promise
    const importing = imported(person, key(Number(person.id), randomUUID()))
    const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await eventually(
      () => server.database.dataSource.query<unknown[]>(waiting),
      (found) => found.length > 0,
    ).finally(release.resolve)
    await creating
    expect(reasons(await importing)).toEqual([`2 user ${person.id} has 10 keys already`])
  })

  it('names the first hundred refusals, counts all, and fails', async () => {
    const refused = await imported(...Array.from({ length: 130 }, () => '{}'))
    expect(refused.report).toMatchObject({ refused_count: 130, refused: { length: 100 } })
  })

  it('fails when there is nothing to import', async () => {
    for (const lines of [[], ['', ' ']])
      expect(
        await withExport(lines, (file) =>
          run(['import', 'posthog', file], { output: silent, config: loadConfig(testEnvironment()) }),
        ),
      ).toBe(1)
  })

  it('goes on deleting what was being deleted', async () => {
    const [id, value, acme] = [newId(), `phx_${randomUUID()}`, organization({ is_pending_deletion: true })]
    await imported(user(id), acme, membership(acme, id), key(id, value))
    const restored = await server.request('POST', `/api/organizations/${acme.id}/restore/`, { key: value })
    expect(restored).toMatchObject({ status: 200, body: { is_pending_deletion: false } })
  })

  it('says that it cannot read the file', async () => {
    const errors: string[] = []
    const output = { out: () => undefined, err: (text: string) => void errors.push(text) }
    expect(await run(['import', 'posthog', '/nothing/here'], { output, config: loadConfig(testEnvironment()) })).toBe(1)
    expect(errors).toEqual([expect.stringMatching(/^\/nothing\/here cannot be read: ENOENT/)])
  })
})
