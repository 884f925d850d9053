import { describe, expect, it } from '@jest/globals'
import { credentials, type Failure } from '../support/fake-aws.js'
import { closedMeanwhile, closings } from '../support/closing.js'
import { expectError } from '../support/kit.js'
import { scale } from '../support/scale.js'
import { claimPath, UNAVAILABLE, useAwsMarketplace } from '../support/aws-marketplace.js'

const marketplace = useAwsMarketplace()
const { aws, server, buyer, form, post, registered, claim, integrations, eventually, synced, customer } = marketplace

const USED =
  'This registration was claimed already or has expired. Open the product in AWS Marketplace and choose "Set up your account" again.'

const REFUSED =
  'AWS Marketplace does not accept this registration token, or it has expired. Open the product in AWS Marketplace and choose "Set up your account" again.'

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
})

// A server of its own: what others asked for in vain would count towards what it stops calling.
describe('POST /api/aws-marketplace/register while AWS Marketplace fails', () => {
  const { aws, buyer, post, registered } = useAwsMarketplace({ answers: 2, events: 0 })

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

/** Two links for one purchase that both work, as a server of the version before gives them out. */
async function twoLinks(bought: { token: string }): Promise<[string, string]> {
  const older = await registered(bought)
  await server.database.dataSource.query('update one_time_tokens set subject = null')
  return [older, await registered(bought)]
}

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

  it('takes the newest link for a purchase, and none of those before it', async () => {
    const [organization, other] = [await server.organization(), await server.organization()]
    const bought = buyer({ LicenseArn: 'arn:aws:license:1' })
    const { token: _token, ...same } = bought
    const links = [await registered(bought), await registered(bought)]
    const elsewhere = [
      await registered(buyer({ ...same, LicenseArn: 'arn:aws:license:2' })),
      await registered(buyer({ ...same, ProductCode: 'prod-b' })),
      await registered(buyer()),
    ]
    const newest = await registered(bought)
    for (const older of links) expectError(await claim(other, older), 400, 'invalid_input', USED, 'registration')
    expect((await claim(organization, newest)).status).toBe(201)
    for (const registration of elsewhere.slice(1)) expect((await claim(other, registration)).status).toBe(201)
    expect((await claim(organization, elsewhere[0])).status).toBe(200)
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

  it('gives one purchase to one of two organizations that claim it at the same moment, by links of their own', async () => {
    for (let round = 0; round < scale(5, 50); round++) {
      const [first, second] = [await server.organization(), await server.organization()]
      const bought = buyer()
      const links = await twoLinks(bought)
      const answers = await Promise.all([claim(first, links[0]), claim(second, links[1])])
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 400])
      expect((await integrations(first)).length + (await integrations(second)).length).toBe(1)
    }
  })

  it('makes one integration of two links that one organization claims at the same moment', async () => {
    for (let round = 0; round < scale(5, 50); round++) {
      const [organization, bought] = [await server.organization(), buyer()]
      const links = await twoLinks(bought)
      const answers = await Promise.all(links.map((registration) => claim(organization, registration)))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 201])
      expect(await integrations(organization)).toHaveLength(1)
    }
  })

  it.each(closings)('is refused while the organization is %s, and the link stays good', async (_, change, detail) => {
    const [organization, other] = [await server.organization(), await server.organization()]
    const registration = await registered(buyer())
    const answer = await closedMeanwhile(server, organization.id, change, () => claim(organization, registration))
    expectError(answer, 403, 'permission_denied', detail)
    expect((await claim(other, registration)).status).toBe(201)
  })

  it('is not brought up to date while the organization is closed', async () => {
    const { organization, bought } = await customer()
    const [registration, before] = [await registered(bought), await integrations(organization)]
    const [[, change, detail]] = closings as [(typeof closings)[0]]
    const answer = await closedMeanwhile(server, organization.id, change, () => claim(organization, registration))
    expectError(answer, 403, 'permission_denied', detail)
    await server.database.dataSource.query('update organizations set deletion_requested_at = null where id = $1', [
      organization.id,
    ])
    expect(await integrations(organization)).toEqual(before)
  })

  it('has a purchase of each product side by side', async () => {
    const { organization, bought } = await customer()
    const { token: _token, ...same } = bought
    const second = buyer({ ...same, ProductCode: 'prod-b' })
    expect((await claim(organization, await registered(second))).status).toBe(201)
    expect(await integrations(organization)).toHaveLength(2)
  })
})

// A server of its own, which stops calling for a while what failed repeatedly.
describe('what leaves the server', () => {
  const { server, buyer, registered, claim, integrations, synced } = useAwsMarketplace({ answers: 2, events: 0 })

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
      `select coalesce(string_agg(t::text, ' '), '') || coalesce((select string_agg(o::text, ' ') from events o), '') as stored
       from one_time_tokens t`,
    )
    expect(stored).not.toContain(registration)
  })
})
