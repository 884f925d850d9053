import { beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { OrganizationIntegration, type Page, Project } from '../../src/index.js'
import { type TestUser, useServer } from '../support/kit.js'

const server = useServer()

interface Listed {
  id: string
  name: string
  slug: string
}

/** A page of the list; what is asked of it is written as in an address. */
const list = async (user: TestUser, query: string): Promise<Page<Listed>> => {
  const answer = await user.get(`/api/organizations/?${query}`)
  expect({ query, status: answer.status }).toEqual({ query, status: 200 })
  return answer.body
}

const names = async (user: TestUser, query: string) => (await list(user, query)).results.map(({ name }) => name)

async function founder(...organizations: string[]): Promise<TestUser> {
  const user = await server.user()
  for (const name of organizations) expect((await user.post('/api/organizations/', { name })).status).toBe(201)
  return user
}

describe('GET /api/organizations/?ordering=', () => {
  let user: TestUser
  beforeAll(async () => {
    user = await founder('Beta', 'alpha', 'Zebra', 'Émile', 'Alpha', 'beta', 'Émile')
  })

  it('orders by each field, and in reverse', async () => {
    const all = (await list(user, '')).results
    const by = (field: keyof Listed) => [...all].sort((one, other) => (one[field] < other[field] ? -1 : 1))
    for (const [query, expected] of [
      ['id', by('id')],
      ['slug', by('slug')],
      ['created_at', all],
    ] as const) {
      expect((await list(user, `ordering=${query}`)).results).toEqual(expected)
      expect((await list(user, `ordering=-${query}`)).results).toEqual([...expected].reverse())
    }
  })

  it('orders names as people do, in every script', async () => {
    const sorted = ['alpha', 'Alpha', 'beta', 'Beta', 'Émile', 'Émile', 'Zebra']
    expect(await names(user, 'ordering=name')).toEqual(sorted)
    expect(await names(user, 'ordering=-name')).toEqual([...sorted].reverse())
    const others = await founder('Ωμέγα', 'яблоко', 'Арбуз', 'αλφα', 'Zoë')
    expect(await names(others, 'ordering=name')).toEqual(['Zoë', 'αλφα', 'Ωμέγα', 'Арбуз', 'яблоко'])
  })

  it('takes a list, of which the first field comes first', async () => {
    const [older, newer] = (await list(user, 'search=émile')).results.map(({ id }) => id)
    const émiles = async (ordering: string) =>
      (await list(user, `ordering=${ordering}`)).results.filter(({ name }) => name === 'Émile').map(({ id }) => id)
    for (const ordering of ['name', 'name,created_at', 'name,id', '%20name%20,%20id', 'name,slug,-id', 'name,name'])
      expect({ ordering, ids: await émiles(ordering) }).toEqual({ ordering, ids: [older, newer] })
    for (const ordering of ['-name', 'name,-created_at', 'name,-id', 'name,-slug', 'name,-created_at,id'])
      expect({ ordering, ids: await émiles(ordering) }).toEqual({ ordering, ids: [newer, older] })
    expect(await names(user, 'ordering=-created_at,name')).toEqual(await names(user, 'ordering=-created_at'))
    expect(await names(user, 'ordering=-slug,name')).toEqual(await names(user, 'ordering=-slug'))
  })

  it('ignores what it does not know', async () => {
    const usual = await names(user, '')
    for (const ordering of ['', 'member_count', '__proto__', 'constructor', '--name', '-', ',', 'name;drop', '%00'])
      expect({ ordering, names: await names(user, `ordering=${ordering}`) }).toEqual({ ordering, names: usual })
    expect(await names(user, 'ordering=nothing,-name,toString')).toEqual(await names(user, 'ordering=-name'))
    expect(await names(user, 'ordering=name&ordering=nothing')).toEqual(usual)
    expect(await names(user, 'ordering[]=name')).toEqual(usual)
  })

  it.each(['created_at', 'id', 'name', 'slug', 'name,-created_at', '-created_at,-slug', 'created_at,-name'])(
    'shows each namesake on one page: %s, alone, in reverse and searched',
    async (ordering) => {
      const namesakes = await founder(...Array.from({ length: 5 }, () => 'Same'))
      const reverse = ordering.replaceAll(/(^|,)-?/g, (sign) => (sign.endsWith('-') ? sign.slice(0, -1) : `${sign}-`))
      for (const query of [`ordering=${ordering}`, `ordering=${reverse}`, `ordering=${ordering}&search=same`]) {
        const ids = []
        for (let url: string | null = `?limit=2&${query}`; url;) {
          const page: Page<Listed> = await list(namesakes, url.split('?')[1]!)
          expect(page.count).toBe(5)
          ids.push(...page.results.map(({ id }) => id))
          url = page.next
        }
        expect(new Set(ids).size).toBe(5)
        expect(ids).toEqual((await list(namesakes, query)).results.map(({ id }) => id))
      }
    },
  )
})

describe('GET /api/organizations/?search=', () => {
  it.each([
    ['émile', 'Société ÉMILE'],
    ['МОСКВА', 'Почта Москва'],
    ['ΣΊΣΥΦΟΣ', 'σίσυφος & co'],
    ['σίσυφοσ', 'ΣΊΣΥΦΟΣ'],
    ['STRASSE', 'Lange Straße 1'],
    ['ՀԱՅԱՍՏԱՆ', 'Արև Հայաստան'],
    ['𐐨𐐩', '𐐀𐐁'],
    ['100%', '100% Acme'],
    ['\\', 'back\\slash'],
    ['BIG-CO', 'big co'],
  ])('finds %s in %s', async (search, name) => {
    const user = await founder(name, 'Other')
    expect(await names(user, `search=${encodeURIComponent(search)}`)).toEqual([name])
    expect(await names(user, `search=${encodeURIComponent(search.toLowerCase())}`)).toEqual([name])
    expect(await names(user, `search=${encodeURIComponent(search)}x`)).toEqual([])
  })

  it('finds projects alike', async () => {
    const { owner, id, path } = await server.organization()
    const row = { organization_id: id, uuid: randomUUID(), name: 'Проект Émile', api_token: 'phc_' }
    await server.database.dataSource.getRepository(Project).insert(row)
    for (const list of ['/api/projects/', `${path}projects/`]) {
      for (const search of ['ÉMILE', 'ПРОЕКТ'])
        expect((await owner.get(`${list}?search=${encodeURIComponent(search)}`)).body).toMatchObject({
          count: 1,
          results: [{ name: 'Проект Émile' }],
        })
    }
  })
})

describe('a key scoped to one organization', () => {
  it.each([
    ...['', 'ordering=id', 'ordering=-created_at', 'ordering=name', 'ordering=-slug', 'ordering=name,-created_at'],
    ...['search=acme', 'search=acme&ordering=id', 'search=acme&ordering=-name', 'offset=0&limit=1', 'offset=1'],
  ])('lists that one alone: ?%s', async (query) => {
    const user = await founder('Acme one', 'Acme two', 'Acme three')
    const [one, two] = (await list(user, '')).results
    const scoped = await user.with({ scoped_organizations: [two!.id] })
    const { count, next, results } = await list(scoped, query)
    expect({ count, next, ids: results.map(({ id }) => id) }).toEqual({
      count: 1,
      next: null,
      ids: query === 'offset=1' ? [] : [two!.id],
    })
    const foreign = await (await server.user()).with({ scoped_organizations: [one!.id] })
    expect(await list(foreign, query)).toMatchObject({ count: 0, results: [] })
  })

  it('lists the projects of that one alone', async () => {
    const user = await founder('Acme one', 'Acme two')
    const [, two] = (await list(user, '')).results
    const scoped = await user.with({ scoped_organizations: [two!.id] })
    for (const query of ['', '?search=default', '?limit=1'])
      expect((await scoped.get(`/api/projects/${query}`)).body).toMatchObject({
        count: 1,
        next: null,
        results: [{ organization: two!.id }],
      })
  })
})

describe('the last page, where it is full,', () => {
  it.each(['', '&ordering=name', '&search=acme', '&ordering=-id&search=acme'])(
    'has no next one: organizations%s',
    async (query) => {
      const user = await founder('Acme 1', 'Acme 2', 'Acme 3', 'Acme 4')
      const last = await list(user, `limit=2&offset=2${query}`)
      expect(last).toMatchObject({ count: 4, next: null, results: [{}, {}] })
      expect(await list(user, `page=2&page_size=2${query}`)).toMatchObject({ next: null, results: last.results })
      expect(await list(user, `limit=4${query}`)).toMatchObject({ next: null, previous: null, count: 4 })
      expect((await list(user, `limit=3${query}`)).next).toContain('offset=3')
    },
  )

  it.each(['projects', 'integrations'])('has no next one: %s', async (resource) => {
    const { owner, id, path } = await server.organization()
    const { dataSource } = server.database
    for (const number of [1, 2]) {
      const row = { organization_id: id, uuid: randomUUID(), name: `Web ${number}`, api_token: 'phc_' }
      if (resource === 'projects') await dataSource.getRepository(Project).insert(row)
      const integration = { organization_id: id, id: row.uuid, kind: 'other', integration_id: row.uuid }
      if (resource === 'integrations') await dataSource.getRepository(OrganizationIntegration).insert(integration)
    }
    const { count } = (await owner.get(`${path}${resource}/`)).body
    const last = (await owner.get(`${path}${resource}/?limit=1&offset=${count - 1}`)).body
    expect(last).toMatchObject({ count, next: null, results: [{}] })
    expect((await owner.get(`${path}${resource}/?limit=${count}`)).body).toMatchObject({ count, next: null })
  })
})
