import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { MembershipLevel } from '../../src/index.js'
import { type Answer, TestUser } from '../support/kit.js'
import { expectRefusal, Installation, payload, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace()
const { server, vercel } = marketplace

const emails = (): string[] => {
  const id = randomUUID()
  return [`r&d-${id}@example.com`, `anna-${id}@xn--e1afmkfd.xn--p1ai`, `müller-${id}@example.de`, `"a b"${id}@example`]
}

const contact = (values: object) => ({ ...payload(), account: { ...payload().account, contact: values } })

/** The person who owns the organization of an installation. */
async function ownerOf({ id }: Installation): Promise<TestUser> {
  const [row] = await server.database.dataSource.query(
    `select u.* from organization_integrations i join organization_memberships m using (organization_id)
     join users u on u.id = m.user_id where i.integration_id = $1 and m.level = $2`,
    [id, MembershipLevel.Owner],
  )
  return new TestUser(server, row, await server.key(row.id, {}))
}

async function signIn(installation: Installation, claims: object): Promise<Answer> {
  const code = randomUUID()
  vercel.codes.set(code, { idToken: await vercel.userToken(installation.id, claims as never) })
  const arrived = await server.request('GET', `/api/vercel/sso?mode=sso&state=s&code=${code}`)
  expect(arrived.status).toBe(302)
  const ticket = new URL(arrived.headers.get('location')!).searchParams.get('ticket')
  return server.request('POST', '/api/vercel/sso/exchange', { body: { ticket } })
}

describe('what Vercel says of people', () => {
  it('is stored as the columns can hold it, with an installation', async () => {
    for (const email of emails()) {
      const installation = new Installation(marketplace)
      expect((await installation.put(contact({ email, name: '🚀'.repeat(200) }))).status).toBe(204)
      expect((await ownerOf(installation)).row).toMatchObject({ email, first_name: '🚀'.repeat(150) })
    }
  })

  it.each<[string, object]>([
    ['empty', { email: '', name: '' }],
    ['null', { email: null, name: null }],
    ['absent', {}],
  ])('may be %s: each such installation has an owner of its own, who signs in', async (_, values) => {
    const [first, second] = [new Installation(marketplace), new Installation(marketplace)]
    for (const installation of [first, second]) {
      const body = contact(values)
      body.account.name = ''
      expect((await installation.put(body)).status).toBe(204)
      expect((await installation.put(body)).status).toBe(204)
    }
    const [owner, other] = [await ownerOf(first), await ownerOf(second)]
    expect(owner.row).toMatchObject({ email: '', first_name: '' })
    expect(owner.row.id).not.toBe(other.row.id)
    expect((await owner.get('/api/organizations/')).body.results).toMatchObject([
      { name: `Vercel Installation ${first.id}` },
    ])
    expect((await signIn(first, { user_email: undefined })).body.user_id).toBe(owner.row.id)
    // Nobody becomes the owner for having no address either.
    const { body } = await signIn(first, { user_id: `new-${first.id}`, user_email: '' })
    const list = await server.request('GET', '/api/organizations/', { key: body.personal_api_key })
    expect(list.body.results).toMatchObject([{ membership_level: MembershipLevel.Member }])
  })

  it('is stored as the columns can hold it, with a sign-in', async () => {
    const installation = await marketplace.installed()
    for (const user_email of [...emails(), '', undefined]) {
      const claims = { user_id: randomUUID(), user_email, user_name: 'x'.repeat(151) }
      const { body } = await signIn(installation, claims)
      expect((await signIn(installation, claims)).body.user_id).toBe(body.user_id)
      const me = await server.request('GET', '/api/users/@me/', { key: body.personal_api_key })
      expect(me.body).toMatchObject({ email: user_email ?? '', first_name: 'x'.repeat(150) })
    }
  })

  it('does not matter in the tokens of its calls', async () => {
    const installation = await marketplace.installed()
    for (const user_email of [...emails(), '', null]) {
      const token = await vercel.userToken(installation.id, { user_email, user_name: null })
      const path = `/installations/${installation.id}`
      expect((await marketplace.call('PATCH', path, { token, body: { billingPlanId: 'team' } })).status).toBe(204)
    }
  })

  it('is refused where no column can hold it', async () => {
    const installation = new Installation(marketplace)
    expectRefusal(await installation.put(contact({ email: `${'x'.repeat(250)}@example.com` })), 400, /email/)
    expectRefusal(await installation.put(contact({ email: 'a\0@example.com' })), 400, /^Null characters/)
    for (const user_email of [`${'x'.repeat(250)}@example.com`, 'a\0@example.com']) {
      const token = await vercel.userToken(installation.id, { user_email })
      const answer = await marketplace.call('PUT', `/installations/${installation.id}`, { token, body: payload() })
      expectRefusal(answer, 401, /^Invalid user authentication token$/)
    }
  })
})

describe('what Vercel says of resources', () => {
  it('may be a long name, or none: the project’s is cut, or the product’s', async () => {
    const installation = await marketplace.installed()
    const owner = await installation.owner()
    const names = { ['🚀'.repeat(2_000)]: '🚀'.repeat(64), '': 'polity' }
    for (const [name, project] of Object.entries(names)) {
      const made = await installation.user('POST', '/resources', installation.resource(name))
      expect(made).toMatchObject({ status: 200, body: { name } })
      const { body } = await owner.get('/api/organizations/@current/')
      expect(body.projects.find(({ id }: { id: number }) => id === Number(made.body.id)).name).toBe(project)
    }
  })

  it('is no earlier resource for an empty key or id', async () => {
    const installation = await marketplace.installed()
    const resource = { ...installation.resource(), externalId: '' }
    const made = await Promise.all(
      [1, 2].map(() => installation.user('POST', '/resources', resource, { 'idempotency-key': '' })),
    )
    expect(made.map(({ status }) => status)).toEqual([200, 200])
    expect(made[0]!.body.id).not.toBe(made[1]!.body.id)
  })

  it('names our product', async () => {
    const installation = await marketplace.installed()
    const answer = await installation.user('POST', '/resources', { ...installation.resource(), productId: 'other' })
    expectRefusal(answer, 400, /^There is no product "other" here\.$/)
    expect((await (await installation.owner()).get('/api/organizations/@current/')).body.projects).toEqual([])
  })
})

describe('sign-ins through Vercel', () => {
  it('are never too many: the oldest end first, and no key of the person’s own', async () => {
    const installation = await marketplace.installed()
    const owner = await installation.owner()
    const claims = { user_email: installation.email }
    for (let more = 1; more < 9; more++) await server.key(owner.row.id, {})
    const keys: string[] = []
    for (let time = 0; time < 12; time++) keys.push((await signIn(installation, claims)).body.personal_api_key)
    const statuses = await Promise.all(
      keys.map(async (key) => (await server.request('GET', '/api/users/@me/', { key })).status),
    )
    expect(statuses).toEqual([401, 401, ...Array(10).fill(200)])
    // Nine of their own, and the tenth is the last.
    const tenth = await server.key(owner.row.id, {})
    await expect(server.key(owner.row.id, {})).rejects.toMatchObject({ status: 400 })
    for (const key of [owner.key, tenth])
      expect((await server.request('GET', '/api/users/@me/', { key })).status).toBe(200)
  })
})
