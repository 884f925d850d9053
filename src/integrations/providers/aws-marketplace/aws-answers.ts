import { z } from 'zod'
import { ProviderError } from '../../integration-provider.js'
import { UNREADABLE } from './aws-failures.js'
import type { Entitlement, MarketplaceCustomer } from './aws-marketplace-config.js'

const text = z.string().min(1)

/** Who came: what of `ResolveCustomer`'s answer is used. */
export const resolvedCustomer = z
  .object({
    ProductCode: text,
    CustomerIdentifier: z.string().optional(),
    CustomerAWSAccountId: text,
    LicenseArn: z.string().optional(),
  })
  .transform(({ ProductCode, CustomerIdentifier, CustomerAWSAccountId, LicenseArn }): MarketplaceCustomer => ({
    product_code: ProductCode,
    customer_identifier: CustomerIdentifier || CustomerAWSAccountId,
    customer_aws_account_id: CustomerAWSAccountId,
    ...(LicenseArn ? { license_arn: LicenseArn } : {}),
  }))

const value = z.object({
  IntegerValue: z.number().optional(),
  DoubleValue: z.number().optional(),
  BooleanValue: z.boolean().optional(),
  StringValue: z.string().optional(),
})

const entitlement = z
  .object({
    Dimension: text,
    Value: value.optional(),
    ExpirationDate: z.date().optional(),
    LicenseArn: z.string().optional(),
  })
  .transform(({ Dimension, Value = {}, ExpirationDate, LicenseArn }): Entitlement => ({
    dimension: Dimension,
    value: Value.IntegerValue ?? Value.DoubleValue ?? Value.BooleanValue ?? Value.StringValue ?? null,
    expiration_date: ExpirationDate?.toISOString() ?? null,
    ...(LicenseArn ? { license_arn: LicenseArn } : {}),
  }))

/** One page of what a customer is entitled to: what of `GetEntitlements`'s answer is used. */
export const entitlementsPage = z.object({
  Entitlements: z.array(entitlement).default([]),
  NextToken: z.string().optional(),
})

/**
 * Reads an answer of the AWS SDK's, which promises types and passes on whatever was answered.
 * @throws {ProviderError} for one that is not as AWS documents it
 */
export function read<Value>(schema: z.ZodType<Value>, answer: unknown): Value {
  const { success, data } = schema.safeParse(answer)
  if (!success) throw new ProviderError(UNREADABLE)
  return data
}
