import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { type Answer, type TestOrganization, type TestServer } from '../support/kit.js'
import { useAwsMarketplace } from '../support/aws-marketplace.js'
import { RowLocks } from '../support/row-locks.js'
import { useVercelMarketplace } from '../support/vercel-marketplace.js'

/** More than there are connections. */
const WRITERS = 20

/** That writers of a locked organization, whoever they are, leave connections to another one. */
async function leavesConnections(
  server: TestServer,
  locks: RowLocks,
  write: () => Promise<Answer>,
  other: TestOrganization,
): Promise<Answer[]> {
  let answered = 0
  const blocked = Array.from({ length: WRITERS }, () => write().finally(() => answered++))
  await locks.waiting(1)
  for (let time = 0; time < 3; time++) {
    const answer = await other.owner.patch(other.path, { name: `Renamed ${randomUUID()}` })
    expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 })
  }
  expect((await server.request('GET', '/readyz')).status).toBe(200)
  // Those that held a connection have been refused at the most.
  expect(answered).toBeLessThan(3)
  return Promise.all(blocked)
}

describe('an organization that Vercel installed, locked for long,', () => {
  const vercel = useVercelMarketplace()
  let locks: RowLocks
  beforeAll(async () => {
    locks = await RowLocks.open(vercel.server)
  })
  afterAll(() => locks.close())

  it('keeps no others waiting, however often Vercel repeats its PUT', async () => {
    const [installation, other] = [await vercel.installed(), await vercel.server.organization()]
    const lock =
      'select 1 from organizations where id = (select organization_id from integration_directory where integration_id = $1) for update'
    const answers = await locks.during(lock, [installation.id], () =>
      leavesConnections(vercel.server, locks, () => installation.put(), other),
    )
    for (const { status } of answers) expect([503, 204]).toContain(status)
    expect((await installation.put()).status).toBe(204)
  })
})

describe('an organization that bought in AWS Marketplace, locked for long,', () => {
  const marketplace = useAwsMarketplace()
  let locks: RowLocks
  beforeAll(async () => {
    locks = await RowLocks.open(marketplace.server)
  })
  afterAll(() => locks.close())

  it('keeps no others waiting, however often Amazon SNS tells of it', async () => {
    const [{ bought, integration }, other] = [await marketplace.customer(), await marketplace.server.organization()]
    const notice = () =>
      marketplace.sns(
        marketplace.aws.message({
          action: 'subscribe-success',
          'customer-identifier': bought.CustomerIdentifier,
          'product-code': bought.ProductCode,
        }),
      )
    const lock = 'select 1 from organization_integrations where id = $1 for update'
    const answers = await locks.during(lock, [integration.id], () =>
      leavesConnections(marketplace.server, locks, notice, other),
    )
    for (const { status } of answers) expect([503, 200]).toContain(status)
    expect((await notice()).status).toBe(200)
  })

  it('hears a message while another server forgets old ones', async () => {
    const { bought, status } = await marketplace.customer()
    const old = `old-${randomUUID()}`
    await marketplace.server.database.dataSource.query(
      `insert into aws_marketplace_messages (message_id, received_at) values ($1, now() - interval '2 days')`,
      [old],
    )
    const message = marketplace.aws.message({
      action: 'subscribe-success',
      'customer-identifier': bought.CustomerIdentifier,
      'product-code': bought.ProductCode,
    })
    const lock = 'select 1 from aws_marketplace_messages where message_id = $1 for update'
    const answer = await locks.during(lock, [old], () => marketplace.sns(message))
    expect(answer.status).toBe(200)
    expect(await status()).toBe('subscribed')
  })
})
