import { z } from 'zod'
import { ProviderError } from '../../integration-provider.js'
import { UNREADABLE } from './aws-failures.js'
import type { Entitlement, MarketplaceCustomer } from './aws-marketplace-config.js'

const text = z.string().min(1)

/** The part of the answer of `ResolveCustomer` that is used. */
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

/** The part of the answer of `GetEntitlements` that is used: one page of entitlements. */
export const entitlementsPage = z.object({
  Entitlements: z.array(entitlement).default([]),
  NextToken: z.string().optional(),
})

/**
 * Validates an answer of the AWS SDK, which declares types but does not check them.
 * @throws {ProviderError} if it is not as AWS documents it
 */
export function read<Value>(schema: z.ZodType<Value>, answer: unknown): Value {
  const { success, data } = schema.safeParse(answer)
  if (!success) throw new ProviderError(UNREADABLE)
  return data
}
