import { describe, expect, it } from '@jest/globals'
import { MembersService, type Page } from '../../src/index.js'
import { MembershipLevel, type TestUser, useServer, testActor } from '../support/kit.js'

const server = useServer()

/** Every statement that lists organizations: the plain ones, those that search, and those that order. */
const QUERIES = [
  '',
  'ordering=created_at',
  'ordering=-created_at',
  'ordering=name',
  'ordering=-name',
  'search=same',
  'search=same&ordering=-created_at',
  'search=same&ordering=name',
  'search=same&ordering=-name',
]

async function pagesOf(user: TestUser, path: string): Promise<Page<{ id: string; name: string }>[]> {
  const pages = []
  for (let url: string | null = path; url;) {
    const page: Page<{ id: string; name: string }> = (await user.get(url)).body
    pages.push(page)
    url = page.next && page.next.slice(server.url.length)
  }
  return pages
}

const idsOf = (pages: Page<{ id: string }>[]) => pages.flatMap(({ results }) => results.map(({ id }) => id))

async function namesakes(count: number): Promise<{ user: TestUser; ids: string[] }> {
  const user = await server.user()
  const ids = []
  for (let made = 0; made < count; made++)
    ids.push((await user.post('/api/organizations/', { name: 'Same' })).body.id as string)
  return { user, ids }
}

describe.each(QUERIES)('the list of organizations with "%s"', (query) => {
  it('ends with a last page that is exactly full, and has each of several namesakes once', async () => {
    const { user, ids } = await namesakes(4)
    const pages = await pagesOf(user, `/api/organizations/?${query}&limit=2`)
    expect(pages.map(({ count, results }) => [count, results.length])).toEqual([
      [4, 2],
      [4, 2],
    ])
    const expected = query.includes('ordering=-') ? ids.toReversed() : ids
    expect(idsOf(pages)).toEqual(expected)
  })

  it('has no more than the key reaches', async () => {
    const { user, ids } = await namesakes(3)
    const scoped = await user.with({ scoped_organizations: [ids[1]!] })
    expect((await scoped.get(`/api/organizations/?${query}`)).body).toMatchObject({
      count: 1,
      results: [{ id: ids[1] }],
    })
  })

  it('has no organization of others, and those that sleep or go as they are', async () => {
    const { user, ids } = await namesakes(2)
    const other = await namesakes(1)
    const change = (set: string, id: string) =>
      server.database.dataSource.query(`update organizations set ${set} where id = $1`, [id])
    await change('is_active = false', ids[0]!)
    await change('deletion_requested_at = now()', ids[1]!)
    const { results } = (await user.get(`/api/organizations/?${query}`)).body
    expect(results).toHaveLength(2)
    expect(results).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: ids[0], is_active: false, is_pending_deletion: false }),
        expect.objectContaining({ id: ids[1], is_active: true, is_pending_deletion: true }),
      ]),
    )
    expect(idsOf([(await other.user.get(`/api/organizations/?${query}`)).body])).toEqual(other.ids)
  })
})

describe('the lists of projects', () => {
  const addProjects = async (id: string, count: number) =>
    server.database.dataSource.query(
      `insert into projects (organization_id, uuid, name, api_token)
       select $1, gen_random_uuid(), 'Same', gen_random_uuid() from generate_series(1, $2)`,
      [id, count],
    )

  it.each(['', 'search=same'])('end with a last page that is exactly full: "%s"', async (query) => {
    const { owner, path, id } = await server.organization()
    await server.database.dataSource.query('delete from projects where organization_id = $1', [id])
    await addProjects(id, 4)
    for (const list of [`${path}projects/`, '/api/projects/']) {
      const pages = await pagesOf(owner, `${list}?${query}&limit=2`)
      expect(pages.map(({ count, results }) => [count, results.length])).toEqual([
        [4, 2],
        [4, 2],
      ])
      expect(new Set(idsOf(pages)).size).toBe(4)
      expect((await owner.get(`${list}?${query}&limit=2&offset=9`)).body).toMatchObject({ count: 4, results: [] })
      expect((await owner.get(`${list}?search=none&limit=2&offset=9`)).body).toMatchObject({ count: 0, results: [] })
    }
  })

  it('have no more than the key reaches, also where they search', async () => {
    const { user, ids } = await namesakes(2)
    const scoped = await user.with({ scoped_organizations: [ids[0]!] })
    for (const query of ['', '?search=default'])
      expect((await scoped.get(`/api/projects/${query}`)).body).toMatchObject({
        count: 1,
        results: [{ organization: ids[0] }],
      })
  })

  it('have none of an organization that sleeps or goes, also where they search', async () => {
    const { user, ids } = await namesakes(3)
    const change = (set: string, id: string) =>
      server.database.dataSource.query(`update organizations set ${set} where id = $1`, [id])
    await change('is_active = false', ids[0]!)
    await change('deletion_requested_at = now()', ids[1]!)
    for (const query of ['', '?search=default'])
      expect((await user.get(`/api/projects/${query}`)).body).toMatchObject({
        count: 1,
        results: [{ organization: ids[2] }],
      })
  })

  it('have those of an organization without keys of members for its admins, and not for its members', async () => {
    const { owner, path, id } = await server.organization()
    const [admin, member] = [await server.member(id, MembershipLevel.Admin), await server.member(id, 1)]
    await owner.patch(path, { members_can_use_personal_api_keys: false })
    for (const query of ['', '?search=default']) {
      const counts = []
      for (const user of [owner, admin, member]) counts.push((await user.get(`/api/projects/${query}`)).body.count)
      expect(counts).toEqual([1, 1, 0])
    }
  })
})

describe('GET /api/users/@me/', () => {
  it('is the current organization where the caller still belongs to it, and otherwise their oldest', async () => {
    const { user, ids } = await namesakes(2)
    const current = async () => (await user.get('/api/users/@me/')).body
    const before = await current()
    expect(before.organization.id).toBe(ids[1])
    expect(before.organizations.map(({ id }: { id: string }) => id)).toEqual(ids)
    await server.application.get(MembersService).remove(testActor(ids[1]!), user.row.id)
    const me = await current()
    expect(me.organization.id).toBe(ids[0])
    expect(me.organizations.map(({ id }: { id: string }) => id)).toEqual([ids[0]])
    expect(me.team.organization).toBe(ids[0])
    await server.application.get(MembersService).remove(testActor(ids[0]!), user.row.id)
    expect(await current()).toMatchObject({ organization: null, team: null, organizations: [] })
  })

  it('has the current project, and the first one where that is gone', async () => {
    const { user, ids } = await namesakes(1)
    const [{ id }] = await server.database.dataSource.query(
      `insert into projects (organization_id, uuid, name, api_token)
       values ($1, gen_random_uuid(), 'Second', gen_random_uuid()) returning id`,
      [ids[0]],
    )
    const team = async () => (await user.get('/api/users/@me/')).body.team.name
    await server.database.dataSource.query('update users set current_project_id = $2 where id = $1', [user.row.id, id])
    expect(await team()).toBe('Second')
    await server.database.dataSource.query('delete from projects where id = $1', [id])
    expect(await team()).toBe('Default project')
  })

  it('is found under the caller’s own id, and nobody under another’s', async () => {
    const [user, other] = [await server.user(), await server.user()]
    expect((await user.get(`/api/users/${user.row.uuid}/`)).body.uuid).toBe(user.row.uuid)
    expect((await user.get(`/api/users/${other.row.uuid}/`)).status).toBe(403)
  })
})

describe('a membership', () => {
  it('that is given again has the new level, once; one that ends leaves all others', async () => {
    const [acme, globex] = [await server.organization(), await server.organization()]
    const [both, colleague] = [await acme.member(), await acme.admin()]
    const members = server.application.get(MembersService)
    const add = (id: string, level: MembershipLevel) => members.add(testActor(id), both.row.id, level)
    await add(globex.id, MembershipLevel.Member)
    await add(acme.id, MembershipLevel.Admin)
    const levels = async (user: TestUser) =>
      (await user.get('/api/organizations/')).body.results.map(
        ({ id, membership_level }: { id: string; membership_level: number }) => [id, membership_level],
      )
    expect(await levels(both)).toEqual([
      [acme.id, 8],
      [globex.id, 1],
    ])
    await members.remove(testActor(acme.id), both.row.id)
    expect(await levels(both)).toEqual([[globex.id, 1]])
    expect(await levels(colleague)).toEqual([[acme.id, 8]])
    expect(await levels(globex.owner)).toEqual([[globex.id, 15]])
  })
})
