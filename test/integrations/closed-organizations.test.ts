import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { type Answer, expectError, type TestUser } from '../support/kit.js'
import { closedMeanwhile, closings } from '../support/closing.js'
import { VercelLink } from '../support/vercel-link.js'
import { expectRefusal, type Installation, payload, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace()
const { server, vercel } = marketplace
const link = new VercelLink(server, vercel)

/** All that is kept of the integrations of an organization and of its projects. */
const kept = (organizationId: string): Promise<unknown> =>
  server.database.dataSource.query(
    `select (select jsonb_agg(to_jsonb(i) order by i.id) from organization_integrations i where organization_id = $1) as integrations,
       (select jsonb_agg(to_jsonb(p) order by p.id) from projects p where organization_id = $1) as projects,
       (select jsonb_agg(to_jsonb(c) order by c.id) from project_integrations c where organization_id = $1) as connections,
       (select count(*) from organization_memberships where organization_id = $1) as members`,
    [organizationId],
  )

async function linked() {
  const organization = await server.organization()
  await link.complete(organization.owner, await link.session(organization.owner), organization.id)
  const { body } = await organization.owner.get(`${organization.path}integrations/`)
  return { organization, path: `${organization.path}integrations/${body.results[0].id}/` }
}

async function bought() {
  const installation = await marketplace.installed()
  const { body } = await installation.user('POST', '/resources', installation.resource())
  const owner = await installation.owner()
  const organization = (await owner.get('/api/organizations/@current/')).body
  return { installation, owner, id: organization.id as string, resource: `/resources/${body.id}` }
}

describe.each(closings)('while an organization is %s', (_, change, detail) => {
  it.each<[string, (path: string, owner: TestUser, project: number) => Promise<Answer>]>([
    ['nothing is disconnected', (path, owner) => owner.delete(path)],
    [
      'no environment is mapped',
      (path, owner, production) => owner.patch(`${path}environment-mapping/`, { production }),
    ],
  ])('%s', async (_, call) => {
    const { organization, path } = await linked()
    const before = await kept(organization.id)
    const told = vercel.callsTo(/^DELETE/).length
    const answer = await closedMeanwhile(server, organization.id, change, () =>
      call(path, organization.owner, organization.view.projects[0]!.id),
    )
    expectError(answer, 403, 'permission_denied', detail)
    expect(await kept(organization.id)).toEqual(before)
    expect(vercel.callsTo(/^DELETE/)).toHaveLength(told)
  })

  it('no account is linked, and the session stays good', async () => {
    const organization = await server.organization()
    const session = await link.session(organization.owner)
    const answer = await closedMeanwhile(server, organization.id, change, () =>
      link.complete(organization.owner, session, organization.id),
    )
    expectError(answer, 403, 'permission_denied', detail)
    await server.database.dataSource.query(
      'update organizations set is_active = true, deletion_requested_at = null where id = $1',
      [organization.id],
    )
    expect((await link.complete(organization.owner, session, organization.id)).status).toBe(201)
  })

  it.each<[string, (installation: Installation, resource: string) => Promise<Answer>]>([
    ['renews nothing', (installation) => installation.put({ ...payload(), scopes: ['new'] })],
    ['chooses no plan', (installation) => installation.user('PATCH', '', { billingPlanId: 'team' })],
    ['makes no resource', (installation) => installation.user('POST', '/resources', installation.resource('New'))],
    ['changes no resource', (installation, resource) => installation.user('PATCH', resource, { name: 'New' })],
    ['rotates no secret', (installation, resource) => installation.user('POST', `${resource}/secrets/rotate`)],
  ])('Vercel’s marketplace %s', async (_, call) => {
    const { installation, id, resource } = await bought()
    const before = await kept(id)
    expectRefusal(await closedMeanwhile(server, id, change, () => call(installation, resource)), 403, detail)
    expect(await kept(id)).toEqual(before)
  })

  it('Vercel brings no new people, and those who are members come in', async () => {
    const { installation, id, owner } = await bought()
    const arrive = async (user_id: string, user_email: string) => {
      const code = randomUUID()
      vercel.codes.set(code, { idToken: await vercel.userToken(installation.id, { user_id, user_email }) })
      return server.request('GET', `/api/vercel/sso?mode=sso&state=s&code=${code}`)
    }
    const known = await server.user()
    const toLink = new URL((await arrive('known', known.row.email)).headers.get('location')!).searchParams.get('link')
    const before = await kept(id)
    const newcomer = await closedMeanwhile(server, id, change, () => arrive('new', `${randomUUID()}@example.com`))
    expectRefusal(newcomer, 403, detail)
    expectError(await known.post('/api/vercel/sso/link', { ticket: toLink }), 403, 'permission_denied', detail)
    expect(await kept(id)).toEqual(before)
    const member = await arrive(`user_${installation.id}`, owner.row.email)
    expect(new URL(member.headers.get('location')!).searchParams.has('ticket')).toBe(true)
  })

  it('what ends at Vercel ends here', async () => {
    const { installation, id, resource } = await bought()
    await server.database.dataSource.query(`update organizations set ${change} where id = $1`, [id])
    expect((await installation.system('DELETE', resource)).status).toBe(204)
    expect((await installation.system('DELETE')).status).toBe(200)
    expect(await kept(id)).toMatchObject([{ integrations: null, connections: null }])
  })
})
