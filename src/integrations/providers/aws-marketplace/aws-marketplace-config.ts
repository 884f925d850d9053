import { z } from 'zod'

export const AWS_MARKETPLACE = 'aws-marketplace'

/** The status of a subscription. `pending` until Amazon SNS reports on it. */
export const subscriptionStatus = z.enum([
  'pending',
  'subscribed',
  'subscribe-failed',
  'unsubscribe-pending',
  'unsubscribed',
])

export type SubscriptionStatus = z.infer<typeof subscriptionStatus>

/** The entitlement of a customer in one dimension of the product. */
export const entitlement = z.object({
  dimension: z.string(),
  value: z.union([z.number(), z.boolean(), z.string()]).nullable(),
  /** ISO 8601; null if it does not end. */
  expiration_date: z.string().nullable(),
  license_arn: z.string().optional(),
})

export type Entitlement = z.infer<typeof entitlement>

/** Who bought what, from ResolveCustomer. */
export const marketplaceCustomer = z.object({
  product_code: z.string(),
  /** The id that Amazon SNS uses. AWS gives none for new products; then it is the AWS account. */
  customer_identifier: z.string(),
  customer_aws_account_id: z.string(),
  license_arn: z.string().optional(),
})

export type MarketplaceCustomer = z.infer<typeof marketplaceCustomer>

export const awsMarketplaceConfig = marketplaceCustomer.extend({
  type: z.literal('marketplace'),
  status: subscriptionStatus,
  entitlements: z.array(entitlement),
})

export type AwsMarketplaceConfig = z.infer<typeof awsMarketplaceConfig>

/** A customer may buy several products, each once. */
export const integrationIdOf = (of: Pick<MarketplaceCustomer, 'product_code' | 'customer_identifier'>): string =>
  `${of.product_code}:${of.customer_identifier}`
