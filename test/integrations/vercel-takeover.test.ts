import { describe, expect, it } from '@jest/globals'
import { expectError, type TestOrganization } from '../support/kit.js'
import { installationId } from '../support/vercel.js'
import { VercelLink } from '../support/vercel-link.js'
import { expectRefusal, Installation, payload, useVercelMarketplace } from '../support/vercel-marketplace.js'

const marketplace = useVercelMarketplace()
const { server, vercel } = marketplace
const link = new VercelLink(server, vercel)

const linkedTo = async ({ owner, path }: TestOrganization): Promise<string[]> =>
  (await owner.get(`${path}integrations/`)).body.results.map(
    ({ integration_id }: { integration_id: string }) => integration_id,
  )

describe('somebody who knows the id of an installation that is not theirs', () => {
  it('gets nothing of it, whatever they do with a code of their own', async () => {
    const [attacker, victim] = [await server.organization(), new Installation(marketplace)]
    const own = installationId()
    const named = await link.callback({
      code: link.code(own),
      state: await link.start(attacker.owner),
      configurationId: victim.id,
    })
    expectError(
      named,
      400,
      'invalid_input',
      'Vercel granted access to another installation than the one in this request. Start linking from Vercel again.',
    )
    const session = await link.session(attacker.owner, own)
    expect((await link.complete(attacker.owner, session, attacker.id)).status).toBe(201)
    expect(await linkedTo(attacker)).toEqual([own])
    // The victim installs, later, and makes a resource.
    expect((await victim.put()).status).toBe(204)
    const made = await victim.user('POST', '/resources', victim.resource())
    expect(made.status).toBe(200)
    const token = made.body.secrets[0].value
    expect((await attacker.owner.get(attacker.path)).text).not.toContain(token)
    const owner = await victim.owner()
    expect((await owner.get('/api/organizations/@current/')).body.teams).toMatchObject([{ api_token: token }])
    expect((await owner.get('/api/organizations/')).body.count).toBe(1)
  })

  it.each(['icfg_\0', 'icfg_x', '', `icfg_${'a'.repeat(24)}\n`])('gets 400 for the id %j', async (configurationId) => {
    const { owner } = await server.organization()
    const state = await link.start(owner)
    expect((await link.callback({ code: link.code(), state, configurationId })).status).toBe(400)
  })
})

describe('an account that an organization linked', () => {
  it('is not taken over by the marketplace, which knows nothing of it', async () => {
    const organization = await server.organization()
    const installation = new Installation(marketplace)
    const session = await link.session(organization.owner, installation.id)
    await link.complete(organization.owner, session, organization.id)
    const before = await organization.owner.get(`${organization.path}integrations/`)
    const taken = await installation.put(payload('new@example.com'))
    expectRefusal(taken, 409, /^An existing account is linked to this installation\. Disconnect it there first\.$/)
    for (const [method, path, body] of [
      ['PATCH', '', { billingPlanId: 'team' }],
      ['POST', '/resources', installation.resource()],
    ] as const)
      expectRefusal(await installation.user(method, path, body), 404, /^Installation not found$/)
    for (const path of ['', '/plans'])
      expectRefusal(await installation.system('GET', path), 404, /^Installation not found$/)
    expect((await organization.owner.get(`${organization.path}integrations/`)).body).toEqual(before.body)
    expect((await organization.owner.get(organization.path)).body.projects).toHaveLength(1)
    // Disconnected, the installation is the marketplace's.
    await organization.owner.delete(`${organization.path}integrations/${before.body.results[0].id}/`)
    const later = await vercel.userToken(installation.id, { iat: Math.ceil(Date.now() / 1_000) + 1 })
    const path = `/installations/${installation.id}`
    expect((await marketplace.call('PUT', path, { token: later, body: payload() })).status).toBe(204)
    expect(await linkedTo(organization)).toEqual([])
  })

  it('goes when Vercel says that it is gone, and owes nothing', async () => {
    const organization = await server.organization()
    const installation = new Installation(marketplace)
    await link.complete(organization.owner, await link.session(organization.owner, installation.id), organization.id)
    marketplace.invoices = [200, { open_invoices: true }]
    const answer = await installation.system('DELETE')
    marketplace.invoices = [200, { open_invoices: false }]
    expect(answer).toMatchObject({ status: 200, body: { finalized: true } })
    expect(await linkedTo(organization)).toEqual([])
  })

  it('is not linked where the marketplace installed it', async () => {
    const installation = await marketplace.installed()
    const organization = await server.organization()
    const session = await link.session(organization.owner, installation.id)
    const refused = await link.complete(organization.owner, session, organization.id)
    expect(refused).toMatchObject({ status: 400, body: { code: 'unique' } })
    expect((await installation.system('GET')).status).toBe(200)
  })
})

describe('an address that somebody is made to open', () => {
  it('links nobody else’s account: its code is not exchanged without a state', async () => {
    const [attacker, victim] = [await server.organization(), await server.organization()]
    const code = link.code()
    const opened = await link.callback({ code, configurationId: installationId(), next: 'https://vercel.com/done' })
    expect(opened.headers.get('location')).toBe(
      `https://app.polity.test/connect/vercel/link?next=${encodeURIComponent('https://vercel.com/done')}`,
    )
    expect(vercel.codes.has(code)).toBe(true)
    // Nor with a made-up state, nor with the attacker's own, whose session is the attacker's alone.
    const guessed = await link.callback({ code, state: 'x'.repeat(43) })
    expect(new URL(guessed.headers.get('location')!).search).toBe('')
    const session = await link.session(attacker.owner)
    const sentence = 'Session expired or invalid. Please try linking again from Vercel.'
    for (const answer of [
      await victim.owner.get(`/api/vercel/connect/session?session=${session}`),
      await link.complete(victim.owner, session, victim.id),
    ])
      expectError(answer, 400, 'invalid_input', sentence)
    expect(await linkedTo(victim)).toEqual([])
    expect((await link.complete(attacker.owner, session, attacker.id)).status).toBe(201)
  })

  it('uses a state once', async () => {
    const { owner } = await server.organization()
    const state = await link.start(owner)
    const [first, second] = await Promise.all(
      [1, 2].map(async () => (await link.callback({ code: link.code(), state })).headers.get('location')!),
    )
    expect([first, second].filter((url) => url!.includes('session='))).toHaveLength(1)
  })
})
