import { Injectable } from '@nestjs/common'
import type { Transaction } from '../../../platform/database/database.js'
import type { MarketplaceCustomer, SubscriptionStatus } from './aws-marketplace-config.js'

type Named = Pick<MarketplaceCustomer, 'product_code' | 'customer_identifier'>

/**
 * The latest status that AWS reported for each subscription, claimed or not. A claim and a message about the same customer
 * lock its row, so that neither misses the other.
 */
@Injectable()
export class AwsMarketplaceStatuses {
  /** Stores a status. @returns false if a later one is known already, as messages come in any order */
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

  /** Locks and returns the latest status. */
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
