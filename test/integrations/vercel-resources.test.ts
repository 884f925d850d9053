import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { expectRefusal, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace()

describe('a resource of Vercel’s', () => {
  it('is a project, whose token is its secret', async () => {
    const installation = await marketplace.installed()
    const made = await installation.user('POST', '/resources', installation.resource())
    expect(made).toMatchObject({
      status: 200,
      body: {
        productId: 'polity',
        name: 'Store',
        metadata: { region: 'eu' },
        status: 'ready',
        billingPlan: { id: 'usage' },
      },
    })
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/@current/')
    expect(body.teams).toMatchObject([{ id: Number(made.body.id), name: 'Store' }])
    expect(made.body.secrets).toEqual([
      { name: 'NEXT_PUBLIC_POLITY_PROJECT_TOKEN', value: body.teams[0].api_token },
      { name: 'NEXT_PUBLIC_POLITY_HOST', value: 'https://api.polity.test' },
    ])
    expect((await installation.system('GET', `/resources/${made.body.id}/`)).body).toEqual(made.body)
  })

  it('is read by whoever may see it at Vercel, and changed by its admins', async () => {
    const installation = await marketplace.installed()
    const { body } = await installation.user('POST', '/resources', installation.resource())
    const token = await marketplace.vercel.userToken(installation.id, { user_role: 'USER' })
    const path = `/installations/${installation.id}/resources/${body.id}`
    expect((await marketplace.call('GET', path, { token })).status).toBe(200)
    for (const [method, action] of [
      ['PATCH', 'partial_update'],
      ['DELETE', 'destroy'],
    ] as const)
      expectRefusal(
        await marketplace.call(method, path, { token, body: method === 'PATCH' ? { name: 'x' } : undefined }),
        403,
        `Action '${action}' requires ADMIN role. Current role: USER`,
      )
  })

  it('stands in the log of its organization: connected, changed and disconnected', async () => {
    const installation = await marketplace.installed()
    const { body } = await installation.user('POST', '/resources', installation.resource())
    await installation.user('PATCH', `/resources/${body.id}`, { billingPlanId: 'usage' })
    await installation.user('DELETE', `/resources/${body.id}`)
    const owner = await installation.owner()
    const { id } = (await owner.get('/api/organizations/@current/')).body
    const logged = await marketplace.server.database.dataSource.query(
      `select type, payload, credential_id from events
       where organization_id = $1 and type like 'project_integration.%' order by id`,
      [id],
    )
    expect(logged).toEqual(
      ['connected', 'configured', 'disconnected'].map((what) => ({
        type: `project_integration.${what}`,
        payload: { kind: 'vercel', project_id: Number(body.id) },
        credential_id: 'vercel',
      })),
    )
  })

  it('is made once, however often Vercel asks with one key', async () => {
    const installation = await marketplace.installed()
    const key = { 'idempotency-key': randomUUID() }
    const made = await Promise.all(
      [1, 2, 3].map(() => installation.user('POST', '/resources', installation.resource(), key)),
    )
    expect(new Set(made.map(({ body }) => body.id)).size).toBe(1)
    const external = { ...installation.resource(), externalId: 'ext-1' }
    const [one, two] = [
      await installation.user('POST', '/resources', external),
      await installation.user('POST', '/resources', external),
    ]
    expect(one.body.id).toBe(two.body.id)
    expect(one.body.id).not.toBe(made[0]!.body.id)
  })

  it('changes, rotates its secret and ends, the project staying', async () => {
    const installation = await marketplace.installed()
    const made = await installation.user('POST', '/resources', installation.resource())
    const path = `/resources/${made.body.id}`
    const changed = await installation.user('PATCH', path, { name: 'Shop', billingPlanId: 'team' })
    expect(changed).toMatchObject({
      status: 200,
      body: { name: 'Shop', metadata: { region: 'eu' }, billingPlan: { id: 'team' } },
    })
    const rotated = await installation.user('POST', `${path}/secrets/rotate`, { reason: 'leak' })
    expect(rotated).toMatchObject({ status: 200, body: { sync: true } })
    expect(rotated.body.secrets[0].value).not.toBe(made.body.secrets[0].value)
    expect((await installation.system('GET', `${path}/plans`)).body.plans).toHaveLength(2)
    for (let time = 0; time < 2; time++) expect((await installation.user('DELETE', path)).status).toBe(204)
    expectRefusal(await installation.system('GET', path), 404, /^Resource not found$/)
    const owner = await installation.owner()
    expect((await owner.get('/api/organizations/@current/')).body.projects).toMatchObject([{ name: 'Shop' }])
  })

  it('of another installation is out of reach', async () => {
    const [mine, theirs] = [await marketplace.installed(), await marketplace.installed()]
    const { body } = await theirs.user('POST', '/resources', theirs.resource())
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await mine.user(method, `/resources/${body.id}`, method === 'PATCH' ? { name: 'x' } : undefined)
      expectRefusal(answer, 400, /^Resource does not belong to this installation/)
    }
    for (const id of ['abc', '-1', '0', '123abc', '99999999999'])
      expectRefusal(await mine.system('GET', `/resources/${id}`), 400, /^Invalid Resource ID$/)
    expectRefusal(await mine.system('GET', '/resources/2147483647'), 404, /^Resource not found$/)
  })

  it('is not made in an organization that is being deleted', async () => {
    const installation = await marketplace.installed()
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/@current/')
    await owner.delete(`/api/organizations/${body.id}/`)
    expectRefusal(await installation.user('POST', '/resources', installation.resource()), 403, /being deleted/)
  })
})
