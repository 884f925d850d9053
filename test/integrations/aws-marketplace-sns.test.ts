import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { type Customer } from '../support/fake-aws.js'
import { expectError, useServer } from '../support/kit.js'
import { UNAVAILABLE, useAwsMarketplace } from '../support/aws-marketplace.js'

const marketplace = useAwsMarketplace()
const { aws, server, buyer, form, registered, claim, sns, integrations, eventually, synced, customer } = marketplace

const UNVERIFIED = 'This is not a recent message that Amazon SNS signed for a topic of this server.'

const notice = (action: string, { CustomerIdentifier, ProductCode }: Customer) => ({
  action,
  'customer-identifier': CustomerIdentifier,
  'product-code': ProductCode,
})

describe('POST /api/aws-marketplace/sns', () => {
  it.each(['1', '2'])('takes messages with SignatureVersion %s', async (SignatureVersion) => {
    const { bought, status } = await customer()
    const fetched = () => aws.asked.filter(({ what }) => what === '/SimpleNotificationService-current.pem').length
    const before = fetched()
    const message = aws.message(notice('subscribe-success', bought), { SignatureVersion, Subject: 'A subject' })
    expect(await sns(message)).toMatchObject({ status: 200, text: '' })
    expect(await status()).toBe('subscribed')
    expect(fetched() - before).toBeLessThan(2)
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
    // So that the certificate is known, and whatever is fetched below is one that must not be.
    await sns(aws.message('Hello'))
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

// Each on a server of its own, which stops calling for a while what failed repeatedly.

describe('while Amazon SNS fails', () => {
  const { aws, sns, buyer } = useAwsMarketplace({ answers: 1, events: 0 })

  it('asks SNS to come again while its certificate cannot be fetched', async () => {
    const message = aws.message(notice('subscribe-success', buyer()), { SigningCertURL: aws.certificateUrl('new') })
    aws.failure = 'connection reset'
    const answer = await sns(message)
    expectError(answer, 503, 'aws_marketplace_unavailable', UNAVAILABLE)
    expect(answer.headers.get('retry-after')).toBe('30')
  })
})

describe('subscriptions', () => {
  const { aws, sns } = useAwsMarketplace({ answers: 1, events: 0 })

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
