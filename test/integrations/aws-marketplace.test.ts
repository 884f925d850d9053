import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { randomInt, randomUUID } from 'node:crypto'
import { type Answer, expectError, TestServer, type TestOrganization, useServer } from '../support/kit.js'
import { Watch } from '../support/planted.js'
import { credentials, type Customer, type Failure, FakeAws } from '../support/fake-aws.js'

const aws = new FakeAws()
const server = new TestServer()
const watch = new Watch(server)

beforeAll(async () => {
  Object.assign(process.env, credentials)
  await aws.start()
  await server.start({ environment: aws.environment, ownDatabase: true })
  await watch.start()
})
afterEach(() => void (aws.failure = undefined))
afterAll(async () => {
  await server.close()
  await aws.stop()
})

const USED =
  'This registration was claimed already or has expired. Open the product in AWS Marketplace and choose "Set up your account" again.'
const REFUSED =
  'AWS Marketplace does not accept this registration token, or no longer. Open the product in AWS Marketplace and choose "Set up your account" again.'
const UNAVAILABLE = 'AWS Marketplace cannot be asked at the moment. Nothing was changed; try again later.'
const UNVERIFIED = 'This is no recent message that Amazon SNS signed for a topic of this server.'

/** Someone who bought a product, with a token that AWS knows. */
function buyer(
  values: Partial<Customer> = {},
): Required<Pick<Customer, 'CustomerIdentifier'>> & Customer & { token: string } {
  const token = `planted-token-${randomUUID()}`
  const customer = {
    CustomerIdentifier: `cust${randomUUID().slice(0, 8)}`,
    CustomerAWSAccountId: String(randomInt(1e11, 2e11)),
    ProductCode: 'prod-a',
    ...values,
  }
  aws.customers.set(token, customer)
  aws.entitlements.set(customer.CustomerAWSAccountId, [
    [
      {
        ProductCode: customer.ProductCode,
        Dimension: 'seats',
        Value: { IntegerValue: 25 },
        ExpirationDate: 1893456000,
      },
    ],
    [],
    [{ ProductCode: customer.ProductCode, Dimension: 'support', Value: { StringValue: 'gold' }, LicenseArn: 'arn:l' }],
  ])
  return { token, ...customer }
}

const form = (field: string, on: TestServer = server) =>
  on.request('POST', '/api/aws-marketplace/register', {
    body: field,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html,*/*;q=0.8' },
  })

const post = (token: string) => form(`x-amzn-marketplace-token=${encodeURIComponent(token)}`)

async function registered({ token }: { token: string }): Promise<string> {
  const answer = await post(token)
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 303, text: '' })
  return new URL(answer.headers.get('location')!).searchParams.get('registration')!
}

const claimPath = (organization: TestOrganization) => `${organization.path}integrations/aws-marketplace/claim/`

const claim = (organization: TestOrganization, registration: unknown) =>
  organization.owner.post(claimPath(organization), { registration })

const sns = (message: unknown, on: TestServer = server): Promise<Answer> =>
  on.request('POST', '/api/aws-marketplace/sns', {
    body: typeof message === 'string' ? message : JSON.stringify(message),
    headers: { 'content-type': 'text/plain; charset=UTF-8', 'x-amz-sns-message-type': 'Notification' },
  })

const notice = (action: string, { CustomerIdentifier, ProductCode }: Customer) => ({
  action,
  'customer-identifier': CustomerIdentifier,
  'product-code': ProductCode,
})

const integrations = async ({ owner, path }: TestOrganization) => (await owner.get(`${path}integrations/`)).body.results

interface ShownConfig {
  sync: { state: string }
  entitlements: { value: unknown }[]
}

/** The organization's one integration, once its provider was told and `as` is true of it. */
async function eventually(organization: TestOrganization, as: (config: ShownConfig) => boolean) {
  for (const end = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const [integration] = await integrations(organization)
    if (integration && as(integration.config)) return integration
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(integration)}`)
  }
}

const synced = (organization: TestOrganization) => eventually(organization, ({ sync }) => sync.state === 'synced')

/** An organization with a purchase that it claimed. */
async function customer() {
  const [organization, bought] = [await server.organization(), buyer()]
  const answer = await claim(organization, await registered(bought))
  expect(answer.status).toBe(201)
  await synced(organization)
  const status = async () => (await integrations(organization))[0].config.status as string
  return {
    organization,
    bought,
    status,
    integration: answer.body,
    path: `${organization.path}integrations/${answer.body.id}/`,
  }
}

describe('POST /api/aws-marketplace/register', () => {
  it('sends the buyer to the claim page with a link, which no other page learns', async () => {
    const { token } = buyer()
    const answer = await post(token)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toMatch(
      /^https:\/\/app\.example\.com\/claim\?from=aws&registration=[\w-]{43}$/,
    )
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    expect(aws.asked.at(-1)).toEqual({
      what: 'AWSMPMeteringService.ResolveCustomer',
      body: { RegistrationToken: token },
    })
  })

  it('refuses a token that is missing, wrong or expired, and products that are not sold here', async () => {
    const attr = 'x-amzn-marketplace-token'
    expectError(await form(''), 400, 'required', 'This field is required.', attr)
    expectError(await form(`${attr}=`), 400, 'blank', 'This field may not be blank.', attr)
    expectError(await post('nobody'), 400, 'invalid_input', REFUSED, attr)
    aws.customers.set('late', {
      error: 'ExpiredTokenException',
      message: 'The submitted registration token has expired.',
    })
    expectError(await post('late'), 400, 'invalid_input', REFUSED, attr)
    const other = await post(buyer({ ProductCode: 'prod-z' }).token)
    const sentence = 'This product of AWS Marketplace is not sold here. Ask its seller where to set up your account.'
    expectError(other, 400, 'invalid_input', sentence, attr)
  })

  it.each([
    ['ExpiredTokenException', 'The security token included in the request is expired'],
    ['AccessDeniedException', 'User is not authorized to perform aws-marketplace:ResolveCustomer'],
    ['DisabledApiException', 'The API is disabled in the Region.'],
  ])('does not blame the buyer for our %s', async (error, message) => {
    aws.customers.set(error, { error, message })
    expectError(await post(error), 503, 'aws_marketplace_unavailable', UNAVAILABLE)
  })

  it.each<Failure>(['500', 'malformed JSON', 'nonsense', 'connection reset', 'silence', '10 MB', 'throttling'])(
    'answers 503 to %s, and goes on afterwards',
    async (failure) => {
      const bought = buyer()
      aws.failure = failure
      const answer = await post(bought.token)
      expectError(answer, 503, 'aws_marketplace_unavailable', UNAVAILABLE)
      expect(answer.headers.get('retry-after')).toBe('30')
      aws.failure = undefined
      expect(await registered(bought)).toMatch(/^[\w-]{43}$/)
    },
  )
})

describe('POST …/integrations/aws-marketplace/claim/', () => {
  it('connects what was bought, and fetches every page of the entitlements', async () => {
    const [organization, bought] = [await server.organization(), buyer({ LicenseArn: 'arn:aws:license:1' })]
    const answer = await claim(organization, await registered(bought))
    expect(answer).toMatchObject({
      status: 201,
      body: {
        kind: 'aws-marketplace',
        integration_id: `prod-a:${bought.CustomerIdentifier}`,
        created_by: { id: organization.owner.row.id },
        config: { type: 'marketplace', status: 'pending', entitlements: [], sync: { state: 'pending' } },
      },
    })
    const { config } = await synced(organization)
    expect(config).toEqual({
      type: 'marketplace',
      product_code: 'prod-a',
      customer_identifier: bought.CustomerIdentifier,
      customer_aws_account_id: bought.CustomerAWSAccountId,
      license_arn: 'arn:aws:license:1',
      status: 'pending',
      entitlements: [
        { dimension: 'seats', value: 25, expiration_date: '2030-01-01T00:00:00.000Z' },
        { dimension: 'support', value: 'gold', expiration_date: null, license_arn: 'arn:l' },
      ],
      sync: { state: 'synced', last_error: null, synced_at: expect.any(String) },
    })
    const pages = aws.asked.filter(({ body }) => JSON.stringify(body).includes(bought.CustomerAWSAccountId))
    expect(pages.map(({ body }) => [body!.ProductCode, body!.NextToken])).toEqual([
      ['prod-a', undefined],
      ['prod-a', '1'],
      ['prod-a', '2'],
    ])
    expect((await organization.owner.get(`${organization.path}integrations/${answer.body.id}/health/`)).body).toEqual({
      healthy: true,
      detail: null,
    })
  })

  it('knows customers by their AWS account where AWS gives no other id', async () => {
    const organization = await server.organization()
    const bought = buyer({ CustomerIdentifier: undefined })
    const answer = await claim(organization, await registered(bought))
    expect(answer.body.integration_id).toBe(`prod-a:${bought.CustomerAWSAccountId}`)
  })

  it('takes a link once, also when two come at the same moment', async () => {
    const [organization, other] = [await server.organization(), await server.organization()]
    const registration = await registered(buyer())
    const answers = await Promise.all([claim(organization, registration), claim(other, registration)])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400])
    const again = await claim(organization, registration)
    expectError(again, 400, 'invalid_input', USED, 'registration')
    expect((await integrations(organization)).length + (await integrations(other)).length).toBe(1)
  })

  it('refuses links that expired or were never given, and changes nothing', async () => {
    const organization = await server.organization()
    const registration = await registered(buyer())
    await server.database.dataSource.query(`update one_time_tokens set expires_at = now() - interval '1 second'`)
    for (const wrong of [registration, 'x'.repeat(43)])
      expectError(await claim(organization, wrong), 400, 'invalid_input', USED, 'registration')
    expectError(await claim(organization, undefined), 400, 'required', 'This field is required.', 'registration')
    expect(await integrations(organization)).toEqual([])
  })

  it('is for owners of the organization, with the scope; the link stays good', async () => {
    const [organization, stranger] = [await server.organization(), await server.organization()]
    const body = { registration: await registered(buyer()) }
    const path = claimPath(organization)
    const reader = await organization.owner.with({ scopes: ['organization_integration:read'] })
    expect((await (await organization.admin()).post(path, body)).status).toBe(403)
    expect((await reader.post(path, body)).status).toBe(403)
    expect((await stranger.owner.post(path, body)).status).toBe(404)
    expect((await server.request('POST', path, { body })).status).toBe(401)
    expect((await organization.owner.post(path, body)).status).toBe(201)
  })

  it('brings up to date what the organization has already, and gives nobody what another has', async () => {
    const { organization, bought, integration } = await customer()
    aws.entitlements.set(bought.CustomerAWSAccountId, [[{ Dimension: 'seats', Value: { IntegerValue: 50 } }]])
    const again = await claim(organization, await registered(bought))
    expect(again).toMatchObject({ status: 200, body: { id: integration.id } })
    await eventually(organization, ({ sync, entitlements }) => sync.state === 'synced' && entitlements[0]?.value === 50)
    const other = await server.organization()
    const registration = await registered(bought)
    const sentence = 'This installation is already connected to an organization. Disconnect it there first.'
    expectError(await claim(other, registration), 400, 'unique', sentence)
    expect(await integrations(other)).toEqual([])
    expect((await organization.owner.delete(`${organization.path}integrations/${integration.id}/`)).status).toBe(204)
    expect((await claim(other, registration)).status).toBe(201)
  })

  it('has a purchase of each product side by side', async () => {
    const { organization, bought } = await customer()
    const { token: _token, ...same } = bought
    const second = buyer({ ...same, ProductCode: 'prod-b' })
    expect((await claim(organization, await registered(second))).status).toBe(201)
    expect(await integrations(organization)).toHaveLength(2)
  })
})

describe('while AWS Marketplace fails', () => {
  // What other tests left to be told would fail too, and the circuit would open.
  beforeEach(async () => {
    const waiting = () => server.database.dataSource.query('select 1 from outbox')
    while ((await waiting()).length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
  })

  it.each<[Failure, RegExp]>([
    ['500', /^AWS Marketplace answered with an error \(\w+\)\.$/],
    ['malformed JSON', /^AWS Marketplace answered with something that could not be read\.$/],
    ['nonsense', /^AWS Marketplace answered with something that could not be read\.$/],
    ['connection reset', /^127\.0\.0\.1:\d+ cannot be reached \(.+\)\.$/],
    ['silence', /^127\.0\.0\.1:\d+ did not answer within 0\.7 seconds\.$/],
    ['10 MB', /^127\.0\.0\.1:\d+ answered more than 1 MiB\.$/],
    ['throttling', /^AWS Marketplace asks for fewer questions\.$/],
  ])('with %s a claim is kept, the failure is visible, and what is missing comes later', async (failure, sentence) => {
    const organization = await server.organization()
    const registration = await registered(buyer())
    aws.failure = failure
    expect((await claim(organization, registration)).status).toBe(201)
    const failing = await eventually(organization, ({ sync }) => sync.state === 'failing')
    aws.failure = undefined
    expect(failing.config.sync).toMatchObject({ last_error: expect.stringMatching(sentence), synced_at: null })
    expect((await synced(organization)).config.entitlements).toHaveLength(2)
  })

  it('health says so, and disconnecting works all the same', async () => {
    const { organization, path } = await customer()
    aws.failure = 'malformed JSON'
    expect((await organization.owner.get(`${path}health/`)).body).toEqual({
      healthy: false,
      detail: 'AWS Marketplace answered with something that could not be read.',
    })
    expect((await organization.owner.delete(path)).status).toBe(204)
    expect(await integrations(organization)).toEqual([])
  })
})

describe('POST /api/aws-marketplace/sns', () => {
  it.each(['1', '2'])('takes messages with SignatureVersion %s', async (SignatureVersion) => {
    const { bought, status } = await customer()
    const message = aws.message(notice('subscribe-success', bought), { SignatureVersion, Subject: 'A subject' })
    expect(await sns(message)).toMatchObject({ status: 200, text: '' })
    expect(await status()).toBe('subscribed')
    expect(aws.asked.filter(({ what }) => what === '/SimpleNotificationService-current.pem').length).toBeLessThan(3)
  })

  it('follows a subscription to its end', async () => {
    const { organization, bought, status, path } = await customer()
    for (const [action, expected] of [
      ['subscribe-fail', 'subscribe-failed'],
      ['subscribe-success', 'subscribed'],
      ['unsubscribe-pending', 'unsubscribe-pending'],
      ['unsubscribe-success', 'unsubscribed'],
    ] as const) {
      expect((await sns(aws.message(notice(action, bought)))).status).toBe(200)
      expect(await status()).toBe(expected)
    }
    expect((await organization.owner.get(`${path}health/`)).body).toEqual({
      healthy: false,
      detail: 'The subscription in AWS Marketplace has ended. Subscribe to the product again.',
    })
  })

  it('fetches the entitlements again when they changed', async () => {
    const { organization, bought } = await customer()
    aws.entitlements.set(bought.CustomerAWSAccountId, [[{ Dimension: 'seats', Value: { IntegerValue: 99 } }]])
    await sns(aws.message(notice('entitlement-updated', bought)))
    const { config } = await eventually(organization, ({ entitlements }) => entitlements[0]?.value === 99)
    expect(config.entitlements).toEqual([{ dimension: 'seats', value: 99, expiration_date: null }])
  })

  it('keeps the latest word, in whichever order and before anyone claims', async () => {
    const [organization, bought] = [await server.organization(), buyer()]
    const at = (minutes: number) => ({ Timestamp: new Date(Date.now() - minutes * 60_000).toISOString() })
    await sns(aws.message(notice('unsubscribe-pending', bought), at(10)))
    await sns(aws.message(notice('subscribe-success', bought), at(30)))
    const claimed = await claim(organization, await registered(bought))
    expect(claimed.body.config.status).toBe('unsubscribe-pending')
    await sns(aws.message(notice('subscribe-success', bought), at(20)))
    expect((await synced(organization)).config.status).toBe('unsubscribe-pending')
    await sns(aws.message(notice('unsubscribe-success', bought), at(5)))
    expect((await integrations(organization))[0].config.status).toBe('unsubscribed')
  })

  it('loses no word that comes in the moment of the claim', async () => {
    const attempts = Array.from({ length: 12 }, async () => {
      const [organization, bought] = [await server.organization(), buyer()]
      const registration = await registered(bought)
      const message = aws.message(notice('subscribe-success', bought))
      await Promise.all([claim(organization, registration), sns(message)])
      return (await integrations(organization))[0].config.status
    })
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['subscribed']))
  })

  it('ignores what it heard already', async () => {
    const { bought, status } = await customer()
    const first = aws.message(notice('subscribe-success', bought))
    await sns(first)
    await server.database.dataSource.query(
      `update organization_integrations set config = config || '{"status": "pending"}'`,
    )
    expect((await sns(first)).status).toBe(200)
    expect(await status()).toBe('pending')
  })

  it('refuses what Amazon SNS did not sign', async () => {
    const { bought, status } = await customer()
    const success = notice('subscribe-success', bought)
    const genuine = aws.message(success)
    const ago = (ms: number) => ({ Timestamp: new Date(Date.now() - ms).toISOString() })
    const before = aws.asked.length
    const refused = {
      'another message': { ...genuine, Message: JSON.stringify(notice('unsubscribe-success', bought)) },
      'another time': { ...genuine, Timestamp: new Date(Date.now() + 1_000).toISOString() },
      'a subject added': { ...genuine, Subject: 'x' },
      'another id': { ...genuine, MessageId: randomUUID() },
      'another version': { ...genuine, SignatureVersion: '1' },
      'no signature': { ...genuine, Signature: '' },
      'another topic': aws.message(success, { TopicArn: `${aws.topic}-2` }),
      'a foreign certificate': aws.message(success, {
        SigningCertURL: 'http://127.0.0.1:9/SimpleNotificationService-a.pem',
      }),
      'a certificate of AWS, which is not the configured endpoint': aws.message(success, {
        SigningCertURL: 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem',
      }),
      'too old': aws.message(success, ago(3_601_000)),
      'of the future': aws.message(success, ago(-301_000)),
      'an unknown type': aws.message(success, { Type: 'Other' }),
      'no JSON': 'hello',
      'no object': '[1]',
    }
    const answers = await Promise.all(Object.entries(refused).map(async ([name, m]) => [name, await sns(m)] as const))
    expect(aws.asked.slice(before)).toEqual([])
    for (const [name, answer] of answers) {
      expect({ name, status: answer.status }).toEqual({ name, status: 403 })
      expectError(answer, 403, 'permission_denied', UNVERIFIED)
    }
    for (const signWith of ['expired'])
      expectError(await sns(aws.message(success, {}, { signWith })), 403, 'permission_denied', UNVERIFIED)
    const missing = aws.message(success, { SigningCertURL: aws.certificateUrl('missing') })
    expectError(await sns(missing), 403, 'permission_denied', UNVERIFIED)
    expect(await status()).toBe('pending')
    expect((await sns(genuine)).status).toBe(200)
    expect(await status()).toBe('subscribed')
  })

  it('asks SNS to come again while its certificate cannot be fetched', async () => {
    const message = aws.message(notice('subscribe-success', buyer()), { SigningCertURL: aws.certificateUrl('new') })
    aws.failure = 'connection reset'
    const answer = await sns(message)
    expectError(answer, 503, 'aws_marketplace_unavailable', UNAVAILABLE)
    expect(answer.headers.get('retry-after')).toBe('30')
  })

  it('confirms subscriptions to its topics, at Amazon SNS only', async () => {
    const confirmation = (SubscribeURL: string) =>
      aws.message('You have chosen to subscribe.', {
        Type: 'SubscriptionConfirmation',
        Token: randomUUID(),
        SubscribeURL,
      })
    const query = `/?Action=ConfirmSubscription&TopicArn=${aws.topic}&Token=${randomUUID()}`
    expect((await sns(confirmation(aws.url + query))).status).toBe(200)
    expect(aws.asked.at(-1)).toEqual({ what: query })
    const before = aws.asked.length
    for (const foreign of [`http://localhost:${new URL(aws.url).port}${query}`, `${aws.url}/?Action=DeleteTopic`])
      expectError(await sns(confirmation(foreign)), 403, 'permission_denied', UNVERIFIED)
    expect(aws.asked).toHaveLength(before)
    aws.failure = 'malformed JSON'
    const unsubscribed = { ...confirmation(aws.url + query), Type: 'UnsubscribeConfirmation' }
    expect((await sns(unsubscribed)).status).toBe(403)
    aws.failure = '500'
    expectError(await sns(confirmation(aws.url + query)), 503, 'aws_marketplace_unavailable', UNAVAILABLE)
  })

  it('lets messages pass that mean nothing here', async () => {
    const bought = buyer({ ProductCode: 'prod-z' })
    for (const message of [
      'Hello',
      '{"action": "subscribe-success"}',
      notice('constructor', bought),
      notice('subscribe-success', bought),
    ])
      expect((await sns(aws.message(message))).status).toBe(200)
  })

  it('takes text for JSON here only', async () => {
    const { owner } = await server.organization()
    const headers = { 'content-type': 'text/plain; charset=UTF-8' }
    const elsewhere = await server.request('POST', '/api/organizations/', {
      key: owner.key,
      body: '{"name": "x"}',
      headers,
    })
    expect(elsewhere.status).toBe(415)
  })
})

describe('what leaves the server', () => {
  it('was in no answer, log, event, metric or documentation a secret', () => watch.expectNothingPlanted())

  it('holds no secret: no token of AWS’s, no link, no credential, no answer', async () => {
    const [organization, bought] = [await server.organization(), buyer()]
    const registration = await registered(bought)
    await claim(organization, registration)
    await synced(organization)
    const left = server.logLines.join('') + JSON.stringify(await integrations(organization))
    for (const secret of [bought.token, 'planted', registration, credentials.AWS_ACCESS_KEY_ID]) {
      expect(left).not.toContain(secret)
    }
    const [{ stored }] = await server.database.dataSource.query(
      `select coalesce(string_agg(t::text, ' '), '') || coalesce((select string_agg(o::text, ' ') from outbox o), '') as stored
       from one_time_tokens t`,
    )
    expect(stored).not.toContain(registration)
  })
})

describe('the limits', () => {
  const limited = useServer({ environment: { ...configured(), RATE_LIMIT_BURST_PER_MINUTE: '2' } })

  it('are those of the address', async () => {
    const statuses = []
    for (let time = 0; time < 3; time++) statuses.push((await form('', limited)).status)
    expect(statuses).toEqual([400, 400, 429])
    const message = aws.message(
      {},
      {
        TopicArn: 'arn:aws:sns:us-east-1:1:topic',
        SigningCertURL: 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem',
      },
    )
    expect((await sns(message, limited)).status).toBe(429)
  })
})

describe('a server that sells nothing in AWS Marketplace', () => {
  const plain = useServer()

  it('has no such routes', async () => {
    const organization = await plain.organization()
    const sentence = 'Endpoint not found.'
    expectError(await form('x-amzn-marketplace-token=x', plain), 404, 'not_found', sentence)
    expectError(await sns(aws.message({}), plain), 404, 'not_found', sentence)
    expectError(await claim(organization, 'x'), 404, 'not_found', sentence)
  })
})

function configured(): Record<string, string> {
  return {
    AWS_MARKETPLACE_PRODUCT_CODES: 'prod-a',
    AWS_MARKETPLACE_CLAIM_URL: 'https://app.example.com/claim',
    AWS_MARKETPLACE_TOPIC_ARNS: 'arn:aws:sns:us-east-1:1:topic',
  }
}
