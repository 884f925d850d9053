import { Injectable } from '@nestjs/common'
import type { Transaction } from '../../../platform/database/database.js'
import type { MarketplaceCustomer, SubscriptionStatus } from './aws-marketplace-config.js'

type Named = Pick<MarketplaceCustomer, 'product_code' | 'customer_identifier'>

/**
 * The latest word of AWS on each subscription, whether or not anyone claimed it yet. Its row is what a claim and a message
 * about the same customer wait for each other at, so that neither misses the other.
 */
@Injectable()
export class AwsMarketplaceStatuses {
  /** @returns whether nothing later was heard before; messages may come in any order */
  async hear(tx: Transaction, of: Named, status: SubscriptionStatus, at: string): Promise<boolean> {
    const heard = await tx.manager.query<unknown[]>(
      `insert into aws_marketplace_statuses (product_code, customer_identifier, status, status_at)
       values ($1, $2, $3, $4)
       on conflict (product_code, customer_identifier) do update
         set status = excluded.status, status_at = excluded.status_at
         where aws_marketplace_statuses.status_at <= excluded.status_at
       returning status`,
      [of.product_code, of.customer_identifier, status, at],
    )
    return heard.length > 0
  }

  /** The latest status, which stays so until the transaction ends. */
  async hold(tx: Transaction, of: Named): Promise<SubscriptionStatus> {
    const [held] = await tx.manager.query<{ status: SubscriptionStatus }[]>(
      `insert into aws_marketplace_statuses (product_code, customer_identifier, status, status_at)
       values ($1, $2, 'pending', '-infinity')
       on conflict (product_code, customer_identifier) do update set status = aws_marketplace_statuses.status
       returning status`,
      [of.product_code, of.customer_identifier],
    )
    return held!.status
  }
}
