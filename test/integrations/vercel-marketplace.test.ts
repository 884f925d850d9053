import { describe, expect, it } from '@jest/globals'
import { MembershipLevel, UsersService } from '../../src/index.js'
import { json } from '../support/vercel.js'
import { expectRefusal, Installation, payload, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace()
const { server, vercel, call } = marketplace

describe('an installation from Vercel’s marketplace', () => {
  it('makes an organization whose owner is who installed, and shows no secret', async () => {
    const installation = await marketplace.installed()
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/')
    expect(body.results).toMatchObject([{ name: 'Acme', membership_level: MembershipLevel.Owner, projects: [] }])
    const list = await owner.get(`/api/organizations/${body.results[0].id}/integrations/`)
    expect(list.body.results).toMatchObject([
      { kind: 'vercel', integration_id: installation.id, created_by: { email: installation.email } },
    ])
    expect(list.body.results[0].config).toMatchObject({ type: 'marketplace', account: { name: 'Acme' } })
    expect(list.text).not.toContain('planted')
    expect(list.body.results[0].config.credentials).toBeUndefined()
    const [row] = await server.database.dataSource.query(
      'select config::text, sensitive_config from organization_integrations where integration_id = $1',
      [installation.id],
    )
    expect(row.config).not.toContain('planted')
    expect(row.sensitive_config).toMatch(/^test\.[\w-]+$/)
  })

  it('is the same when Vercel repeats itself, also at the same moment', async () => {
    const installation = new Installation(marketplace)
    const answers = await Promise.all([1, 2, 3, 4].map(() => installation.put()))
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204, 204])
    expect((await installation.put()).status).toBe(204)
    const owner = await installation.owner()
    expect((await owner.get('/api/organizations/')).body.count).toBe(1)
  })

  it('joins the account that the address has', async () => {
    const known = await server.user()
    const installation = new Installation(marketplace)
    expect((await installation.put(payload(known.row.email.toUpperCase()))).status).toBe(204)
    expect((await known.get('/api/organizations/')).body.results).toMatchObject([{ name: 'Acme' }])
  })

  it('keeps whom it has mapped, when it is renewed', async () => {
    const installation = await marketplace.installed()
    await installation.put({ ...payload(installation.email), scopes: ['read:user'] })
    const owner = await installation.owner()
    const { body } = await owner.get('/api/organizations/@current/integrations/')
    expect(body.results[0].config).toMatchObject({
      scopes: ['read:user'],
      user_mappings: { [`user_${installation.id}`]: owner.row.id },
    })
  })

  it.each<[string, unknown]>([
    ['scopes: This field is required.', { ...payload(), scopes: undefined }],
    ['scopes', { ...payload(), scopes: [] }],
    ['credentials__access_token', { ...payload(), credentials: { token_type: 'Bearer' } }],
    ['account__contact__email', { ...payload(), account: { url: 'https://x.example', contact: { email: 5 } } }],
    ['Null characters', { ...payload(), acceptedPolicies: { toc: 'a\0b' } }],
    ['Null characters', { ...payload(), acceptedPolicies: { toc: '\ud800' } }],
    ['JSON parse error', '{'],
  ])('refuses a payload: %s', async (message, body) => {
    const installation = new Installation(marketplace)
    expectRefusal(await installation.put(body), 400, new RegExp(`^${message}`))
    expect(await server.application.get(UsersService).byEmail(installation.email)).toBeNull()
  })

  it('has a plan, which an admin chooses', async () => {
    const installation = await marketplace.installed()
    expect((await installation.system('GET')).body).toMatchObject({ billingPlan: { id: 'usage' } })
    expect((await installation.user('PATCH', '', { billingPlanId: 'team' })).status).toBe(204)
    expect((await installation.system('GET')).body).toMatchObject({ billingPlan: { id: 'team' } })
    expectRefusal(await installation.user('PATCH', '', { billingPlanId: 'no' }), 400, /billing plan "no"/)
    const plans = await installation.system('GET', '/plans')
    expect(plans.body.plans.map(({ id }: { id: string }) => id)).toEqual(['usage', 'team'])
    const product = (slug: string) =>
      vercel
        .systemToken(installation.id)
        .then((token) => call('GET', `/products/${slug}/plans`, { token, auth: 'system' }))
    expect((await product('polity')).body).toEqual(plans.body)
    expectRefusal(await product('other'), 404, /^Product not found$/)
  })

  it('ends once its invoices are paid, and says so again to a repeat', async () => {
    const installation = await marketplace.installed()
    const owner = await installation.owner()
    marketplace.invoices = [200, { open_invoices: true }]
    expectRefusal(await installation.system('DELETE'), 409, /unpaid invoices/)
    marketplace.invoices = [200, { open_invoices: false }]
    for (let time = 0; time < 2; time++) {
      const answer = await installation.system('DELETE', '', { cascadeResourceDeletion: true, reason: 'x' })
      expect(answer).toMatchObject({ status: 200, body: { finalized: true } })
    }
    expect((await owner.get('/api/organizations/@current/integrations/')).body.count).toBe(0)
    expectRefusal(await new Installation(marketplace).system('DELETE'), 404, /^Installation not found$/)
    expectRefusal(await installation.system('GET'), 404, /^Installation not found$/)
  })

  it('stays while billing cannot be asked', async () => {
    const installation = await marketplace.installed()
    marketplace.invoices = [500, {}]
    expectRefusal(await installation.user('DELETE'), 503, /^Billing cannot be asked/)
    marketplace.invoices = [200, { open_invoices: false }]
    expect((await installation.system('GET')).status).toBe(200)
  })

  it('is told at Vercel when an owner disconnects it here, and goes even if Vercel does not answer', async () => {
    const [first, second] = [await marketplace.installed(), await marketplace.installed()]
    const disconnect = async (installation: Installation) => {
      const owner = await installation.owner()
      const { body } = await owner.get('/api/organizations/@current/integrations/')
      return owner.delete(`/api/organizations/@current/integrations/${body.results[0].id}/`)
    }
    expect((await disconnect(first)).status).toBe(204)
    expect(vercel.callsTo(new RegExp(`^DELETE /v1/integrations/configuration/${first.id}`))).toHaveLength(1)
    vercel.trouble = (_, response) => json(response, 400, {})
    expect((await disconnect(second)).status).toBe(204)
    vercel.trouble = undefined
  })
})
