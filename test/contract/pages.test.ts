import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { MembersService, OrganizationIntegration, type Page, Project } from '../../src/index.js'
import { expectError, MembershipLevel, useServer, testActor } from '../support/kit.js'

const server = useServer()

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
    'page=1&page=x',
    'limit=99999999999',
    'limit=99999999999999999999999',
    'limit[]=5&offset[a]=2',
    'offset=5&offset=0',
    '__proto__=x&constructor=y&limit=__proto__',
    '%zz=%zz',
    'limit=%00',
  ])('forgives %s', async (query) => {
    const { owner } = await server.organization()
    expect(await owner.get(`/api/organizations/?${query}`)).toMatchObject({
      status: 200,
      body: { count: 1, results: [{}] },
    })
  })

  it.each([
    ['offset=99999999999999999999999', 'offset='],
    ['page=99999999999999999999999&page_size=1000', 'page='],
  ])('is empty past the end, however far: %s', async (query, link) => {
    const { owner } = await server.organization()
    const { body } = await owner.get(`/api/organizations/?${query}`)
    expect(body).toEqual({ count: 1, next: null, previous: expect.stringContaining(link), results: [] })
    const previous = Number(new URL(body.previous).searchParams.get(link.slice(0, -1)))
    expect(Number.isSafeInteger(previous)).toBe(true)
  })

  it('lists the whole organization, as it is alone, to members only', async () => {
    const [acme, globex] = [await server.organization(), await server.organization()]
    const both = await acme.member()
    await server.application.get(MembersService).add(testActor(globex.id), both.row.id, MembershipLevel.Admin)
    const { results } = (await both.get('/api/organizations/')).body
    expect(results).toEqual([(await both.get(acme.path)).body, (await both.get(globex.path)).body])
    expect(results.map(({ membership_level }: { membership_level: number }) => membership_level)).toEqual([1, 8])
    expect((await acme.owner.get('/api/organizations/')).body.results).toEqual([await acme.reload()])
    const anonymous = await server.request('GET', '/api/organizations/')
    expectError(anonymous, 401, 'not_authenticated', 'Authentication credentials were not provided.')
    expect(anonymous.headers.get('www-authenticate')).toBe('Bearer')
  })

  it('clamps a limit to 1000', async () => {
    const { owner } = await server.organization()
    const { previous } = (await owner.get('/api/organizations/?limit=5000&offset=2000')).body
    expect(new URL(previous).search).toBe('?limit=1000&offset=1000')
  })

  it('searches names and slugs, and orders', async () => {
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
    const nul = await user.get('/api/organizations/?search=a%00b')
    expectError(nul, 400, 'null_characters_not_allowed', 'Null characters are not allowed.', 'search')
    const long = await user.get(`/api/organizations/?search=${'a'.repeat(201)}`)
    expectError(long, 400, 'max_length', 'Ensure this field has no more than 200 characters.', 'search')
  })

  it('is empty for someone without organizations', async () => {
    const user = await server.user()
    expect((await user.get('/api/organizations/')).body).toEqual({ count: 0, next: null, previous: null, results: [] })
  })
})

describe.each(['projects', 'integrations'])('GET /api/organizations/:organization_id/%s/', (resource) => {
  it('pages as all lists do', async () => {
    const { owner, id, path, view } = await server.organization()
    const { manager } = server.database.dataSource
    for (const number of [1, 2, 3]) {
      const integration = {
        id: `0190aaaa-1111-7000-8000-00000000000${number}`,
        kind: 'vercel',
        integration_id: `${number}`,
      }
      const project = { uuid: randomUUID(), name: `Web ${number}`, api_token: 'phc_' }
      if (resource === 'projects') await manager.insert(Project, { organization_id: id, ...project })
      else await manager.insert(OrganizationIntegration, { organization_id: id, ...integration })
    }
    const count = resource === 'projects' ? 3 + view.projects.length : 3
    const all = (await owner.get(`${path}${resource}`)).body
    expect(all).toMatchObject({ count, next: null, previous: null })
    const read = []
    for (let url: string | null = `${path}${resource}/?limit=2`; url;) {
      const page: Page<unknown> = (await owner.get(url)).body
      read.push(...page.results)
      url = page.next && page.next.slice(server.url.length)
    }
    expect(read).toEqual(all.results)
    const past = await owner.get(`${path}${resource}/?limit=2&offset=50`)
    expect(past.body).toEqual({
      count,
      next: null,
      previous: `${server.url}${path}${resource}/?limit=2&offset=48`,
      results: [],
    })
    for (const query of ['limit=-1', 'limit=1e9', 'offset=abc', 'limit=1&limit=x', 'page=0'])
      expect((await owner.get(`${path}${resource}/?${query}`)).body).toEqual(all)
  })
})
