import { beforeEach, describe, expect, it } from '@jest/globals'
import { type Failure } from '../support/fake-aws.js'
import { useAwsMarketplace } from '../support/aws-marketplace.js'
import { eventually as untilTold } from '../support/kit.js'
import { PROVIDERS_WAIT } from '../support/providers-wait.js'

const marketplace = useAwsMarketplace()
const { aws, server, buyer, registered, claim, integrations, eventually, synced, customer } = marketplace

describe('while AWS Marketplace fails', () => {
  // What other tests left to be told would fail too, and the circuit would open.
  beforeEach(async () => {
    const waiting = (): Promise<unknown[]> => server.database.dataSource.query(`select 1 from ${PROVIDERS_WAIT}`)
    await untilTold(waiting, ({ length }) => length === 0)
  })

  it.each<[Failure, RegExp]>([
    ['500', /^AWS Marketplace answered with an error \(\w+\)\.$/],
    ['malformed JSON', /^AWS Marketplace sent an answer that could not be read\.$/],
    ['nonsense', /^AWS Marketplace sent an answer that could not be read\.$/],
    ['connection reset', /^127\.0\.0\.1:\d+ cannot be reached \(.+\)\.$/],
    ['silence', /^127\.0\.0\.1:\d+ did not answer within 0\.7 seconds\.$/],
    ['10 MB', /^127\.0\.0\.1:\d+ answered more than 1 MiB\.$/],
    ['throttling', /^AWS Marketplace is rate limiting this server\.$/],
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
      detail: 'AWS Marketplace sent an answer that could not be read.',
    })
    expect((await organization.owner.delete(path)).status).toBe(204)
    expect(await integrations(organization)).toEqual([])
  })
})
