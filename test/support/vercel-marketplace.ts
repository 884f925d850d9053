import { afterAll, beforeAll, expect } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type PluginModule, UsersService } from '../../src/index.js'
import { type Answer, TestServer, TestUser } from './kit.js'
import { Watch } from './planted.js'
import { FakeVercel, installationId, json } from './vercel.js'

interface Call {
  token: string
  auth?: string
  body?: unknown
  headers?: object
}

/** What Vercel sends of an installation. */
export const payload = (email = `${randomUUID()}@example.com`) => ({
  scopes: ['read:project'],
  acceptedPolicies: { toc: '2026-01-01' },
  credentials: { access_token: 'planted-access-token', token_type: 'Bearer' },
  account: { name: 'Acme', url: 'https://vercel.com/acme', contact: { email, name: 'Ada' } },
})

/** A server between a Vercel and a billing of the tests' own, on a database of its own. */
export class VercelMarketplace {
  readonly server = new TestServer()
  readonly vercel = new FakeVercel()
  readonly watch = new Watch(this.server)
  /** What billing answers, and with which status. */
  invoices: [status: number, body: unknown] = [200, { open_invoices: false }]
  private readonly billing = createServer((request, response) => {
    request.resume()
    json(response, ...this.invoices)
  })

  constructor(private readonly plugins: readonly PluginModule[] = []) {}

  async start(): Promise<void> {
    await this.vercel.start()
    this.billing.listen(0, '127.0.0.1')
    await once(this.billing, 'listening')
    const BILLING_GATE_URL = `http://127.0.0.1:${(this.billing.address() as AddressInfo).port}`
    const environment = { ...this.vercel.environment, BILLING_GATE_URL }
    await this.server.start({ plugins: this.plugins, environment, ownDatabase: true })
    await this.watch.start()
  }

  async stop(): Promise<void> {
    await this.server.close()
    await this.vercel.stop()
    this.billing.close()
  }

  /** A call to the partner API, as Vercel makes it. */
  call = (method: string, path: string, { token, auth = 'user', body, headers }: Call): Promise<Answer> =>
    this.server.request(method, `/api/vercel/v1${path}`, {
      key: token,
      body,
      headers: { 'x-vercel-auth': auth, ...headers },
    })

  async installed(): Promise<Installation> {
    const installation = new Installation(this)
    expect((await installation.put()).status).toBe(204)
    return installation
  }
}

/** What Vercel does with an installation that it made. */
export class Installation {
  readonly id = installationId()
  readonly email = `${randomUUID()}@example.com`

  constructor(private readonly marketplace: VercelMarketplace) {}

  put = (body: unknown = payload(this.email)): Promise<Answer> => this.user('PUT', '', body)

  async user(method: string, path = '', body?: unknown, headers?: object): Promise<Answer> {
    const token = await this.marketplace.vercel.userToken(this.id)
    return this.marketplace.call(method, `/installations/${this.id}${path}`, { token, body, headers })
  }

  async system(method: string, path = '', body?: unknown): Promise<Answer> {
    const token = await this.marketplace.vercel.systemToken(this.id)
    return this.marketplace.call(method, `/installations/${this.id}${path}`, { token, auth: 'system', body })
  }

  /** The person who installed, with a key. */
  async owner(): Promise<TestUser> {
    const { server } = this.marketplace
    const user = await server.application.get(UsersService).byEmail(this.email)
    return new TestUser(server, user!, await server.key(user!.id, {}))
  }

  resource = (name = 'Store') => ({ productId: 'polity', name, metadata: { region: 'eu' }, billingPlanId: 'usage' })
}

/** Starts a marketplace for a test file and ends it after. */
export function useVercelMarketplace(plugins: readonly PluginModule[] = []): VercelMarketplace {
  const marketplace = new VercelMarketplace(plugins)
  beforeAll(() => marketplace.start())
  afterAll(() => marketplace.stop())
  return marketplace
}

/** Asserts Vercel's error body, whole. */
export const expectRefusal = ({ status, body }: Answer, expected: number, message: string | RegExp): void => {
  expect(status).toBe(expected)
  expect(body).toEqual({
    error: {
      code: expected >= 500 ? 'internal_error' : 'request_failed',
      message: expect.stringMatching(message),
      user: { message: body.error.message, url: null },
    },
  })
}
