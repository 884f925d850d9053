import { Injectable } from '@nestjs/common'
import type { OrganizationCaller } from '../../../access/index.js'
import { Database } from '../../../platform/database/database.js'
import { OneTimeTokens } from '../../../platform/secrets/one-time-tokens.js'
import { IntegrationInstallations } from '../../integration-installations.js'
import { ProviderError } from '../../integration-provider.js'
import { alreadyInstalled } from '../../integration.errors.js'
import { AwsMarketplaceApi } from './aws-marketplace-api.js'
import {
  AWS_MARKETPLACE,
  type AwsMarketplaceConfig,
  integrationIdOf,
  type MarketplaceCustomer,
} from './aws-marketplace-config.js'
import { awsMarketplaceUnavailable, unknownProduct, unusableRegistration } from './aws-marketplace.errors.js'
import { AwsMarketplaceSetup } from './aws-marketplace-setup.js'
import { AwsMarketplaceStatuses } from './aws-marketplace-statuses.js'

const PURPOSE = 'aws-marketplace-registration'
/** Gives a buyer time to find the owner of the organization. */
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1_000

/** Connects buyers who come from AWS Marketplace with their organizations. */
@Injectable()
export class AwsMarketplaceRegistrations {
  constructor(
    private readonly api: AwsMarketplaceApi,
    private readonly settings: AwsMarketplaceSetup,
    private readonly statuses: AwsMarketplaceStatuses,
    private readonly tokens: OneTimeTokens,
    private readonly database: Database,
    private readonly installations: IntegrationInstallations,
  ) {}

  /**
   * @returns the page where the buyer claims the purchase. The link works once, for seven days, and ends earlier links for
   * the same purchase
   * @throws {ApiError} 400 for a token that AWS does not accept or a product that is not sold here, 503 if AWS does not answer
   */
  async register(token: string): Promise<string> {
    const customer = await this.api.resolveCustomer(token).catch((error) => {
      if (error instanceof ProviderError) throw awsMarketplaceUnavailable({}, { headers: { 'retry-after': '30' } })
      throw error
    })
    if (!this.settings.productCodes.includes(customer.product_code)) throw unknownProduct()
    // One account may buy a product under several licenses.
    const purchase = JSON.stringify([integrationIdOf(customer), customer.license_arn])
    return this.settings.claimUrl(await this.tokens.issue(PURPOSE, customer, LIFETIME_MS, purchase))
  }

  /**
   * Connects a purchase to the caller's organization, or updates the one that it already has.
   * @throws {ApiError} 400 for a link that was used or has expired, and for a purchase of another organization
   */
  claim(caller: OrganizationCaller, registration: string): Promise<{ id: string; created: boolean }> {
    const { organization_id } = caller
    return this.database.transaction(async (tx) => {
      const customer = await this.tokens.redeem<MarketplaceCustomer>(tx, PURPOSE, registration)
      if (!customer) throw unusableRegistration()
      const status = await this.statuses.hold(tx, customer)
      const integration_id = integrationIdOf(customer)
      const installed = await this.installations.find(AWS_MARKETPLACE, integration_id, tx)
      if (installed && installed.organization_id !== organization_id) throw alreadyInstalled()
      if (
        installed &&
        (await this.installations.update(tx, caller, installed, { config: { ...customer, status } }, true))
      )
        return { id: installed.id, created: false }
      const config: AwsMarketplaceConfig = { type: 'marketplace', ...customer, status, entitlements: [] }
      const id = await this.installations.install(tx, {
        ...{ organization_id, kind: AWS_MARKETPLACE, integration_id, config: { ...config } },
        by: caller,
      })
      return { id, created: true }
    }, caller)
  }
}
