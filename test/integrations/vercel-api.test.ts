import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Controller, Injectable, Module, Param, Post } from '@nestjs/common'
import {
  IntegrationInstallations,
  Public,
  VercelApi,
  type VercelConfig,
  type VercelIntegration,
  type VercelSecrets,
} from '../../src/index.js'
import { TestServer } from '../support/kit.js'
import { Watch } from '../support/planted.js'
import { FakeVercel, installationId, json } from '../support/vercel.js'

type Report = (vercel: VercelApi, integration: VercelIntegration) => Promise<unknown>

const reports: Record<string, Report> = {
  balances: (vercel, integration) =>
    vercel.submitBalances(integration, {
      timestamp: new Date('2026-11-01T10:00:00Z'),
      balances: [{ resourceId: '7', credit: '2,000 Tokens', nameLabel: 'Tokens', currencyValueInCents: 1_000 }],
    }),
  'an event': (vercel, integration) =>
    vercel.createEvent(integration, { event: { type: 'resource.updated', productId: 'polity', resourceId: '7' } }),
  installation: (vercel, integration) =>
    vercel.updateInstallation(integration, {
      status: 'suspended',
      billingPlan: { id: 'team', type: 'subscription', name: 'Team', description: 'For teams.' },
      notification: { level: 'warn', title: 'Your card has expired.' },
    }),
  secrets: (vercel, integration) =>
    vercel.updateSecrets(integration, '7', { secrets: [{ name: 'TOKEN', value: 'planted-new' }], partial: true }),
}

/** What somebody's own package does: a product that reports to Vercel. */
@Injectable()
class Reporter {
  constructor(
    private readonly vercel: VercelApi,
    private readonly installations: IntegrationInstallations,
  ) {}

  async report(what: string, id: string): Promise<void> {
    const integration = await this.installations.find<VercelConfig, VercelSecrets>('vercel', id)
    await reports[what]!(this.vercel, integration!)
  }
}

@Controller('reports')
class ReportsController {
  constructor(private readonly reporter: Reporter) {}

  @Post(':what/:installation')
  @Public()
  report(@Param('what') what: string, @Param('installation') installation: string): Promise<void> {
    return this.reporter.report(what, installation)
  }
}

@Module({ controllers: [ReportsController], providers: [Reporter] })
class ReportsModule {}

let vercel: FakeVercel
const server = new TestServer()
const watch = new Watch(server)
const id = installationId()

beforeAll(async () => {
  vercel = await new FakeVercel().start()
  await server.start({ environment: vercel.environment, plugins: [ReportsModule], ownDatabase: true })
  await watch.start()
  const installed = await server.request('PUT', `/api/vercel/v1/installations/${id}`, {
    key: await vercel.userToken(id),
    headers: { 'x-vercel-auth': 'user' },
    body: {
      scopes: ['read'],
      acceptedPolicies: {},
      credentials: { access_token: 'planted-access-token', token_type: 'Bearer' },
      account: { url: 'https://vercel.com/acme', contact: { email: 'reports@example.com' } },
    },
  })
  expect(installed.status).toBe(204)
})
afterEach(() => void (vercel.trouble = undefined))
afterAll(async () => {
  await server.close()
  await vercel.stop()
})

const report = (what: string) => server.request('POST', `/reports/${encodeURIComponent(what)}/${id}`)

describe('a module of somebody else’s reports to Vercel', () => {
  it.each<[string, string, object]>([
    [
      'balances',
      'POST /billing/balance',
      {
        timestamp: '2026-11-01T10:00:00.000Z',
        balances: [{ resourceId: '7', credit: '2,000 Tokens', nameLabel: 'Tokens', currencyValueInCents: 1_000 }],
      },
    ],
    ['an event', 'POST /events', { event: { type: 'resource.updated', productId: 'polity', resourceId: '7' } }],
    [
      'installation',
      'PATCH ',
      {
        status: 'suspended',
        billingPlan: { id: 'team', type: 'subscription', name: 'Team', description: 'For teams.' },
        notification: { level: 'warn', title: 'Your card has expired.' },
      },
    ],
    ['secrets', 'PUT /resources/7/secrets', { secrets: [{ name: 'TOKEN', value: 'planted-new' }], partial: true }],
  ])('%s: %s', async (what, route, body) => {
    const [method, path] = route.split(' ') as [string, string]
    expect((await report(what)).status).toBe(201)
    const call = vercel.calls.at(-1)!
    expect([call.method, call.path, call.body]).toEqual([method, `/v1/installations/${id}${path}`, body])
    expect(call.headers.authorization).toBe('Bearer planted-access-token')
    expect(call.headers['content-type']).toBe('application/json')
  })

  it.each(Object.keys(reports))(
    'and gets %s refused with what Vercel answered, whose words stay here',
    async (what) => {
      const integration = await server.application
        .get(IntegrationInstallations)
        .find<VercelConfig, VercelSecrets>('vercel', id)
      vercel.trouble = (_, response) => json(response, 403, { error: { code: 'forbidden', message: 'planted-answer' } })
      const call = reports[what]!(server.application.get(VercelApi), integration!)
      await expect(call).rejects.toMatchObject({ status: 403, isFinal: true })
      await expect(call).rejects.not.toThrow(/planted/)
      expect((await report(what)).text).not.toContain('planted')
      expect(server.logLines.join('')).not.toContain('planted')
    },
  )
})
