import { describe, expect, it } from '@jest/globals'
import { randomInt, randomUUID } from 'node:crypto'
import { run } from '../../src/cli/run.js'
import { loadConfig } from '../../src/index.js'
import { isUuid } from '../../src/platform/values/stored-values.js'
import { testEnvironment, useServer } from '../support/kit.js'
import { type ExportRow, key, membership, organization, project, user, withExport } from './export-file.js'

const server = useServer()

async function imported(...lines: (ExportRow | string)[]) {
  const out: string[] = []
  const errors: string[] = []
  const output = { out: (text: string) => void out.push(text), err: (text: string) => void errors.push(text) }
  const code = await withExport(lines, (file) =>
    run(['import', 'posthog', file, '--json'], output, loadConfig(testEnvironment())),
  )
  expect(code).toBe(0)
  return { report: JSON.parse(out[0]!), progress: errors }
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
    expect(first.report).toEqual({ created: each, unchanged: none, renumbered: [], refused: [] })
    expect(first.progress).toEqual(['5 of 5 lines…'])
    expect((await imported(...rows)).report).toEqual({ created: none, unchanged: each, renumbered: [], refused: [] })
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

  it('goes on deleting what was being deleted', async () => {
    const [id, value, acme] = [newId(), `phx_${randomUUID()}`, organization({ is_pending_deletion: true })]
    await imported(user(id), acme, membership(acme, id), key(id, value))
    const restored = await server.request('POST', `/api/organizations/${acme.id}/restore/`, { key: value })
    expect(restored).toMatchObject({ status: 200, body: { is_pending_deletion: false } })
  })

  it('says that it cannot read the file', async () => {
    const errors: string[] = []
    const output = { out: () => undefined, err: (text: string) => void errors.push(text) }
    expect(await run(['import', 'posthog', '/nothing/here'], output, loadConfig(testEnvironment()))).toBe(1)
    expect(errors).toEqual([expect.stringMatching(/^\/nothing\/here cannot be read: ENOENT/)])
  })
})
