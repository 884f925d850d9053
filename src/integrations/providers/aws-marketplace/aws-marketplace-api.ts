import { Inject, Injectable } from '@nestjs/common'
import { Config } from '../../../platform/config/config.js'
import type { Logger } from '../../../platform/logging/logger.js'
import { LOGGER } from '../../../platform/logging/logger.token.js'
import { ApiError } from '../../../platform/http/error-catalogue.js'
import { Outbound } from '../../../platform/outbound/outbound.js'
import { ProviderError } from '../../integration-provider.js'
import type { Entitlement, MarketplaceCustomer } from './aws-marketplace-config.js'
import { refusedRegistrationToken } from './aws-marketplace.errors.js'
import { AwsMarketplaceSetup } from './aws-marketplace-setup.js'
import { entitlementsPage, read, resolvedCustomer } from './aws-answers.js'
import { awsSentence, isBuyersMistake, nameOf, UNREADABLE } from './aws-failures.js'
import { AwsRequestHandler } from './aws-request-handler.js'
import { awsMarketplaceSettings } from './aws-marketplace.settings.js'

const MAX_ATTEMPTS = 3
/** More pages than any product has dimensions, to end a listing that never ends. */
const MAX_PAGES = 100

/**
 * Calls AWS Marketplace with the credentials that the AWS SDK finds by itself. The first call loads the SDK.
 * Sources: https://docs.aws.amazon.com/marketplace/latest/APIReference/API_marketplace-metering_ResolveCustomer.html,
 * https://docs.aws.amazon.com/marketplace/latest/APIReference/API_marketplace-entitlements_GetEntitlements.html
 */
@Injectable()
export class AwsMarketplaceApi {
  private readonly metering = once(async () => {
    const { MarketplaceMetering } = await import('@aws-sdk/client-marketplace-metering')
    return new MarketplaceMetering(
      this.options(this.config.of(awsMarketplaceSettings).AWS_MARKETPLACE_METERING_ENDPOINT),
    )
  })
  private readonly entitlementService = once(async () => {
    const { MarketplaceEntitlementService } = await import('@aws-sdk/client-marketplace-entitlement-service')
    return new MarketplaceEntitlementService(
      this.options(this.config.of(awsMarketplaceSettings).AWS_MARKETPLACE_ENTITLEMENT_ENDPOINT),
    )
  })

  constructor(
    private readonly config: Config,
    private readonly outbound: Outbound,
    private readonly settings: AwsMarketplaceSetup,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Finds the buyer and the purchase behind a registration token.
   * @throws {ApiError} 400 for a token that AWS does not accept
   * @throws {ProviderError} if AWS does not answer
   */
  async resolveCustomer(token: string): Promise<MarketplaceCustomer> {
    const resolved = await this.ask(async () =>
      (await this.metering()).resolveCustomer({ RegistrationToken: token }).catch((error: Error) => {
        throw isBuyersMistake(error) ? refusedRegistrationToken() : error
      }),
    )
    return read(resolvedCustomer, resolved)
  }

  /**
   * Fetches the entitlements of a customer, from all its licenses.
   * @throws {ProviderError} if AWS does not answer
   */
  async entitlements(customer: MarketplaceCustomer): Promise<Entitlement[]> {
    if (!this.settings.enabled) throw new ProviderError('AWS Marketplace is not configured on this server.')
    const found: Entitlement[] = []
    let NextToken: string | undefined
    for (let page = 0; page < MAX_PAGES; page++) {
      const answered = await this.ask(async () =>
        (await this.entitlementService()).getEntitlements({
          ProductCode: customer.product_code,
          Filter: { CUSTOMER_AWS_ACCOUNT_ID: [customer.customer_aws_account_id] },
          NextToken,
        }),
      )
      const answer = read(entitlementsPage, answered)
      found.push(...answer.Entitlements)
      NextToken = answer.NextToken
      if (!NextToken) return found
    }
    throw new ProviderError(UNREADABLE)
  }

  private async ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    try {
      return await question()
    } catch (error) {
      if (error instanceof ApiError) throw error
      // Do not log the error itself: it may repeat the answer.
      this.logger.warn({ aws_error: nameOf(error) }, 'a call to AWS Marketplace failed')
      throw new ProviderError(awsSentence(error))
    }
  }

  private options(endpoint: string | undefined) {
    return {
      region: this.config.of(awsMarketplaceSettings).AWS_REGION,
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: new AwsRequestHandler(this.outbound),
      ...(endpoint ? { endpoint } : {}),
    }
  }
}

const once = <Value>(make: () => Promise<Value>): (() => Promise<Value>) => {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}
