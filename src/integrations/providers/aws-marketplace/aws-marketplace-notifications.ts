import { Inject, Injectable } from '@nestjs/common'
import { z } from 'zod'
import { systemActor } from '../../../platform/events/domain-event.js'
import { Database, type Transaction } from '../../../platform/database/database.js'
import type { Logger } from '../../../platform/logging/logger.js'
import { LOGGER } from '../../../platform/logging/logger.token.js'
import { Outbound } from '../../../platform/outbound/outbound.js'
import { OutboundError } from '../../../platform/outbound/outbound.error.js'
import { IntegrationInstallations } from '../../integration-installations.js'
import { AWS_MARKETPLACE, integrationIdOf, type SubscriptionStatus } from './aws-marketplace-config.js'
import { awsMarketplaceUnavailable, unverifiedNotification } from './aws-marketplace.errors.js'
import { AwsMarketplaceSetup } from './aws-marketplace-setup.js'
import { AwsMarketplaceStatuses } from './aws-marketplace-statuses.js'
import type { SnsMessage } from './sns-message.js'
import { SnsUrls } from './sns-urls.js'

const statusAfter = new Map<string, SubscriptionStatus>([
  ['subscribe-success', 'subscribed'],
  ['subscribe-fail', 'subscribe-failed'],
  ['unsubscribe-pending', 'unsubscribe-pending'],
  ['unsubscribe-success', 'unsubscribed'],
])

/** Source: https://docs.aws.amazon.com/marketplace/latest/userguide/saas-notification.html, whose example has a space before a value. */
const notice = z.object({
  action: z.string(),
  'customer-identifier': z.string().trim().min(1),
  'product-code': z.string().trim().min(1),
})

/** Handles messages of Amazon SNS about subscriptions. Each message counts once, on any server. */
@Injectable()
export class AwsMarketplaceNotifications {
  constructor(
    private readonly database: Database,
    private readonly settings: AwsMarketplaceSetup,
    private readonly statuses: AwsMarketplaceStatuses,
    private readonly installations: IntegrationInstallations,
    private readonly urls: SnsUrls,
    private readonly outbound: Outbound,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws {ApiError} 503 for a subscription that could not be confirmed; SNS asks again */
  async hear(message: SnsMessage): Promise<void> {
    if (message.Type === 'SubscriptionConfirmation') return this.confirm(message)
    if (message.Type === 'UnsubscribeConfirmation')
      return this.logger.error({ topic: message.TopicArn }, 'this server was unsubscribed from an SNS topic')
    const { success, data: heard } = notice.safeParse(parsed(message.Message))
    const known = success && (heard.action === 'entitlement-updated' || statusAfter.has(heard.action))
    // Accept it: a message that means nothing here would mean nothing the next time.
    if (!known || !this.settings.productCodes.includes(heard['product-code']))
      return this.logger.warn({ message: message.MessageId }, 'ignored a message of SNS')
    const installed = await this.installations.find(AWS_MARKETPLACE, integrationIdOf(customerOf(heard)))
    await this.database.transaction(async (tx) => {
      if (await this.isNew(tx, message)) await this.apply(tx, message, heard)
    }, installed)
  }

  private async apply(tx: Transaction, { Timestamp }: SnsMessage, heard: z.infer<typeof notice>): Promise<void> {
    const customer = customerOf(heard)
    const status = statusAfter.get(heard.action)
    if (status && !(await this.statuses.hear(tx, customer, status, Timestamp))) return
    const integration = await this.installations.find(AWS_MARKETPLACE, integrationIdOf(customer), tx)
    if (!integration) return
    const by = systemActor(AWS_MARKETPLACE)
    if (status) await this.installations.note(tx, by, integration, { config: { status } })
    else await this.installations.note(tx, by, integration, {}, true)
  }

  private async confirm(message: SnsMessage & { Type: 'SubscriptionConfirmation' }): Promise<void> {
    if (!this.urls.isConfirmation(message.SubscribeURL)) throw unverifiedNotification()
    const answer = await this.outbound.fetch(message.SubscribeURL).catch((error) => {
      if (error instanceof OutboundError) return undefined
      throw error
    })
    if (answer?.status !== 200) throw awsMarketplaceUnavailable({}, { headers: { 'retry-after': '30' } })
    this.logger.info({ topic: message.TopicArn }, 'subscribed to an SNS topic')
  }

  /** Remembers messages for longer than they are accepted. Skips rows that another transaction is deleting. */
  private async isNew(tx: Transaction, { MessageId }: SnsMessage): Promise<boolean> {
    await tx.manager.query(
      `delete from aws_marketplace_messages where message_id in (
         select message_id from aws_marketplace_messages where received_at < now() - interval '1 day'
         for update skip locked)`,
    )
    const remembered = await tx.manager.query<unknown[]>(
      'insert into aws_marketplace_messages (message_id) values ($1) on conflict do nothing returning message_id',
      [MessageId],
    )
    return remembered.length > 0
  }
}

const customerOf = (heard: z.infer<typeof notice>) => ({
  product_code: heard['product-code'],
  customer_identifier: heard['customer-identifier'],
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
