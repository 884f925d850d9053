import { Injectable } from '@nestjs/common'
import { beforeEach, describe, expect, it } from '@jest/globals'
import {
  type BilledIntegration,
  BillingGate,
  Database,
  defineError,
  Entitlements,
  type FeaturesById,
  MembershipLevel,
  MembersService,
  productFeature,
} from '../../src/index.js'
import { BeaconProvider, install } from '../integrations/beacon.js'
import { expectError, testActor, type TestOrganization, useServer } from '../support/kit.js'
import { kindsOf, pluginOf } from '../support/plugin.js'

const plansUnavailable = defineError({
  status: 503,
  type: 'server_error',
  code: 'plans_unavailable',
  detail: 'The plans cannot be read at the moment. Try again later.',
})

const team = [
  productFeature('organization_security_settings'),
  productFeature('organization_invite_settings'),
  productFeature('seats', { name: 'Seats', limit: 10, unit: 'people', is_plan_default: false }),
]

/** A provider of the plugin's own, which its decisions ask. */
@Injectable()
class Plans {
  readonly paying = new Set<string>()
  readonly owing = new Set<string>()
  readonly asked: (readonly string[])[] = []
  isAway = false
}

@Injectable()
class PlanEntitlements extends Entitlements {
  constructor(
    private readonly plans: Plans,
    private readonly database: Database,
  ) {
    super()
  }

  async featuresOf(ids: readonly string[]): Promise<FeaturesById> {
    this.plans.asked.push(ids)
    if (this.plans.isAway) throw plansUnavailable()
    const found = await this.database.dataSource.query('select id from organizations where id = any($1)', [ids])
    const paying = (found as { id: string }[]).filter(({ id }) => this.plans.paying.has(id))
    return new Map(paying.map(({ id }) => [id, team]))
  }
}

@Injectable()
class PlanBilling extends BillingGate {
  constructor(private readonly plans: Plans) {
    super()
  }

  async hasOpenInvoices({ organization_id }: BilledIntegration): Promise<boolean> {
    return this.plans.owing.has(organization_id)
  }
}

const plugin = pluginOf({ providers: [Plans], decisions: [PlanEntitlements, PlanBilling] }, 'PlansModule')
const server = useServer({
  // A module with settings of its own instead of the class, which NestJS takes for another one.
  plugins: [{ module: plugin }, kindsOf(BeaconProvider)],
  ownDatabase: true,
  environment: { BILLING_GATE_URL: 'http://127.0.0.1:1', AVAILABLE_PRODUCT_FEATURES: 'audit_logs' },
})

let plans: Plans
beforeEach(() => {
  plans = server.application.get(Plans)
  plans.isAway = false
  plans.asked.length = 0
})

const paying = async (): Promise<TestOrganization> => {
  const organization = await server.organization('Acme')
  plans.paying.add(organization.id)
  plans.asked.length = 0
  return organization
}

describe('entitlements of a plugin', () => {
  it('are shown of each organization alone and, asked once, in lists', async () => {
    const { owner, path } = await paying()
    const { body: other } = await owner.post('/api/organizations/', { name: 'Acme too' })
    expect(other.available_product_features).toEqual([])
    const features = async (path: string) => (await owner.get(path)).body.available_product_features
    expect(await features(path)).toEqual(team)
    expect(await features(`/api/organizations/${other.id}/`)).toEqual([])
    plans.asked.length = 0
    for (const query of ['', '?search=acme&ordering=-name', '?limit=1', '?offset=9']) {
      const { body } = await owner.get(`/api/organizations/${query}`)
      for (const { id, available_product_features } of body.results)
        expect([id, available_product_features]).toEqual([id, id === other.id ? [] : team])
      expect(plans.asked.splice(0)).toEqual([body.results.map(({ id }: { id: string }) => id)])
    }
  })

  it('open settings in the organizations that have them, and are asked about nothing else', async () => {
    const entitled = await paying()
    const other = await server.organization()
    plans.asked.length = 0
    const closed = { members_can_use_personal_api_keys: false }
    const opened = await entitled.owner.patch(entitled.path, closed)
    expect(opened.body).toMatchObject({ ...closed, available_product_features: team })
    const refused = await other.owner.patch(other.path, closed)
    const sentence = 'You must upgrade your plan to configure personal API key permissions.'
    expectError(refused, 400, 'payment_required', sentence, 'members_can_use_personal_api_keys')
    expect((await other.owner.put(other.path, { ...other.view, name: 'As it was' })).status).toBe(200)
    const lacking = await entitled.owner.patch(entitled.path, { enforce_2fa: true })
    expectError(lacking, 400, 'payment_required', 'You must upgrade your plan to enforce 2FA.', 'enforce_2fa')
    plans.asked.length = 0
    await other.owner.patch(other.path, { name: 'For the answer alone' })
    expect(plans.asked).toEqual([[other.id]])
  })

  it("keep members' keys out of the organizations that have the setting and the feature, at the guard and in lists", async () => {
    const [entitled, other, open] = [await paying(), await server.organization(), await server.organization()]
    const member = await entitled.member()
    for (const { id } of [other, open])
      await server.application.get(MembersService).add(testActor(id), member.row.id, MembershipLevel.Member)
    await server.database.dataSource.query(
      'update organizations set members_can_use_personal_api_keys = false where id = any($1)',
      [[entitled.id, other.id]],
    )
    plans.asked.length = 0
    const kept = await member.get(`${entitled.path}projects/`)
    expect(kept.status).toBe(403)
    expect(kept.body.detail).toContain('personal API keys')
    expect((await member.get(`${other.path}projects/`)).status).toBe(200)
    expect((await member.get(`${open.path}projects/`)).status).toBe(200)
    expect((await entitled.owner.get(`${entitled.path}projects/`)).status).toBe(200)
    expect(plans.asked.splice(0)).toEqual([[entitled.id], [other.id]])

    const reached = async (user: typeof member, query = '') => {
      const { results, count } = (await user.get(`/api/projects/${query}`)).body
      expect(count).toBe(results.length)
      return results.map(({ organization }: { organization: string }) => organization)
    }
    expect(await reached(member)).toEqual([other.id, open.id])
    expect(plans.asked.splice(0)).toEqual([[entitled.id, other.id]])
    expect(await reached(member, '?search=default')).toEqual([other.id, open.id])
    expect(await reached(await member.with({ scoped_organizations: [entitled.id] }))).toEqual([])
    expect(await reached(await member.with({ scoped_organizations: [other.id] }))).toEqual([other.id])
    plans.asked.length = 0
    expect(await reached(entitled.owner)).toEqual([entitled.id])
    expect(plans.asked).toEqual([])
  })

  it('that fail keep members’ keys out and settings as they are, with the error of the plugin', async () => {
    const entitled = await paying()
    const { owner, path } = entitled
    const member = await entitled.member()
    await owner.patch(path, { members_can_use_personal_api_keys: false })
    plans.isAway = true
    const sentence = 'The plans cannot be read at the moment. Try again later.'
    for (const answer of [
      await member.get(`${path}projects/`),
      await member.get('/api/projects/'),
      await owner.get('/api/organizations/'),
      await owner.patch(path, { members_can_use_personal_api_keys: true }),
    ])
      expectError(answer, 503, 'plans_unavailable', sentence)
    plans.isAway = false
    expect(await entitled.reload()).toMatchObject({ members_can_use_personal_api_keys: false })
  })
})

it('a billing gate of a plugin keeps what was bought from being disconnected', async () => {
  const organization = await server.organization()
  const { path } = await install(server, organization, { config: { type: 'marketplace' } })
  plans.owing.add(organization.id)
  const sentence = 'This integration has unpaid invoices that must be resolved before disconnecting.'
  expectError(await organization.owner.delete(path), 409, 'open_invoices_error', sentence)
  plans.owing.clear()
  expect((await organization.owner.delete(path)).status).toBe(204)
})
