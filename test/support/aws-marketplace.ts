import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import { randomInt, randomUUID } from 'node:crypto'
import { type Answer, type TestOrganization, eventually as eventuallyOf, TestServer } from './kit.js'
import { credentials, type Customer, FakeAws } from './fake-aws.js'
import { Watch } from './planted.js'

export const UNAVAILABLE = 'AWS Marketplace does not answer at the moment. Nothing was changed; try again later.'

interface ShownConfig {
  sync: { state: string }
  entitlements: { value: unknown }[]
}

/** A buyer's browser, an owner and Amazon SNS, between a server and an AWS of the tests' own. */
export class AwsMarketplace {
  readonly server = new TestServer()
  readonly aws = new FakeAws()
  readonly watch: Watch

  constructor(seen?: ConstructorParameters<typeof Watch>[1]) {
    this.watch = new Watch(this.server, seen)
  }

  async start(): Promise<void> {
    Object.assign(process.env, credentials)
    await this.aws.start()
    await this.server.start({ environment: this.aws.environment, ownDatabase: true })
    await this.watch.start()
  }

  async stop(): Promise<void> {
    await this.server.close()
    await this.aws.stop()
  }

  /** Someone who bought a product, with a token that AWS knows. */
  buyer = (
    values: Partial<Customer> = {},
  ): Required<Pick<Customer, 'CustomerIdentifier'>> & Customer & { token: string } => {
    const token = `planted-token-${randomUUID()}`
    const customer = {
      CustomerIdentifier: `cust${randomUUID().slice(0, 8)}`,
      CustomerAWSAccountId: String(randomInt(1e11, 2e11)),
      ProductCode: 'prod-a',
      ...values,
    }
    this.aws.customers.set(token, customer)
    this.aws.entitlements.set(customer.CustomerAWSAccountId, [
      [
        {
          ProductCode: customer.ProductCode,
          Dimension: 'seats',
          Value: { IntegerValue: 25 },
          ExpirationDate: 1893456000,
        },
      ],
      [],
      [
        {
          ProductCode: customer.ProductCode,
          Dimension: 'support',
          Value: { StringValue: 'gold' },
          LicenseArn: 'arn:l',
        },
      ],
    ])
    return { token, ...customer }
  }

  form = (field: string, on: TestServer = this.server): Promise<Answer> =>
    on.request('POST', '/api/aws-marketplace/register', {
      body: field,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html,*/*;q=0.8' },
    })

  post = (token: string): Promise<Answer> => this.form(`x-amzn-marketplace-token=${encodeURIComponent(token)}`)

  /** @returns what claims the purchase */
  registered = async ({ token }: { token: string }): Promise<string> => {
    const answer = await this.post(token)
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 303, text: '' })
    return new URL(answer.headers.get('location')!).searchParams.get('registration')!
  }

  claim = (organization: TestOrganization, registration: unknown): Promise<Answer> =>
    organization.owner.post(claimPath(organization), { registration })

  sns = (message: unknown, on: TestServer = this.server): Promise<Answer> =>
    on.request('POST', '/api/aws-marketplace/sns', {
      body: typeof message === 'string' ? message : JSON.stringify(message),
      headers: { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': 'Notification' },
    })

  integrations = async ({ owner, path }: TestOrganization) => (await owner.get(`${path}integrations/`)).body.results

  /** The organization's one integration, once `as` is true of it. */
  eventually = (organization: TestOrganization, as: (config: ShownConfig) => boolean) =>
    eventuallyOf(
      async () => (await this.integrations(organization))[0],
      (integration) => integration !== undefined && as(integration.config),
      30_000,
    )

  synced = (organization: TestOrganization) => this.eventually(organization, ({ sync }) => sync.state === 'synced')

  /** An organization with a purchase that it claimed. */
  customer = async () => {
    const [organization, bought] = [await this.server.organization(), this.buyer()]
    const answer = await this.claim(organization, await this.registered(bought))
    expect(answer.status).toBe(201)
    await this.synced(organization)
    return {
      organization,
      bought,
      status: async () => (await this.integrations(organization))[0].config.status as string,
      integration: answer.body,
      path: `${organization.path}integrations/${answer.body.id}/`,
    }
  }
}

export const claimPath = (organization: TestOrganization): string =>
  `${organization.path}integrations/aws-marketplace/claim/`

/** Starts a marketplace for a test file and ends it after. */
export function useAwsMarketplace(seen?: ConstructorParameters<typeof Watch>[1]): AwsMarketplace {
  const marketplace = new AwsMarketplace(seen)
  beforeAll(() => marketplace.start())
  afterEach(() => void (marketplace.aws.failure = undefined))
  afterAll(() => marketplace.stop())
  return marketplace
}
