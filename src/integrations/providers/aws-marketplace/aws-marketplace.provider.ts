import { Injectable, type Provider, type Type } from '@nestjs/common'
import { ModuleRef } from '@nestjs/core'
import type { Config } from '../../../platform/config/config.js'
import { systemActor } from '../../../platform/events/domain-event.js'
import { Database } from '../../../platform/database/database.js'
import { IntegrationInstallations } from '../../integration-installations.js'
import { type InstalledIntegration, type IntegrationHealth, IntegrationProvider } from '../../integration-provider.js'
import { AwsMarketplaceApi } from './aws-marketplace.api.js'
import { AWS_MARKETPLACE, awsMarketplaceConfig, type AwsMarketplaceConfig } from './aws-marketplace.config.js'
import { AwsMarketplaceClaimController, AwsMarketplaceController } from './aws-marketplace.controller.js'
import { AwsMarketplaceNotifications } from './aws-marketplace.notifications.js'
import { AwsMarketplaceRegistrations } from './aws-marketplace.registrations.js'
import { AwsMarketplaceSettings } from './aws-marketplace.settings.js'
import { AwsMarketplaceStatuses } from './aws-marketplace.statuses.js'
import { SnsCertificates } from './sns-certificates.js'
import { SnsUrls } from './sns-urls.js'

type Installed = InstalledIntegration<AwsMarketplaceConfig>

/** SaaS products that are bought in AWS Marketplace. The purchase belongs to the organization that claims it. */
@Injectable()
export class AwsMarketplaceProvider extends IntegrationProvider<AwsMarketplaceConfig> {
  static override readonly isConfigured = (config: Config) => config.get('AWS_MARKETPLACE_PRODUCT_CODES').length > 0
  static override readonly controllers: readonly Type[] = [AwsMarketplaceController, AwsMarketplaceClaimController]
  static override readonly services: readonly Provider[] = [
    ...[AwsMarketplaceApi, AwsMarketplaceSettings, AwsMarketplaceStatuses],
    ...[AwsMarketplaceRegistrations, AwsMarketplaceNotifications, SnsCertificates, SnsUrls],
  ]

  readonly kind = AWS_MARKETPLACE
  readonly config = awsMarketplaceConfig
  readonly shown = [
    ...(['product_code', 'customer_identifier', 'customer_aws_account_id', 'license_arn'] as const),
    ...(['status', 'entitlements'] as const),
  ]
  override readonly exclusive = true

  constructor(
    private readonly api: AwsMarketplaceApi,
    private readonly database: Database,
    private readonly module: ModuleRef,
  ) {
    super()
  }

  override install(integration: Installed): Promise<void> {
    return this.fetchEntitlements(integration)
  }

  override configure(integration: Installed): Promise<void> {
    return this.fetchEntitlements(integration)
  }

  override async health({ config }: Installed): Promise<IntegrationHealth> {
    await this.api.entitlements(config)
    if (config.status === 'unsubscribed')
      return {
        healthy: false,
        detail: 'The subscription in AWS Marketplace has ended. Subscribe to the product again.',
      }
    return { healthy: true, detail: null }
  }

  private async fetchEntitlements(integration: Installed): Promise<void> {
    const entitlements = await this.api.entitlements(integration.config)
    // Looked up late: the installations know the providers, so a provider cannot be made with them.
    const installations = this.module.get(IntegrationInstallations)
    await this.database.transaction(
      (tx) => installations.note(tx, systemActor(AWS_MARKETPLACE), integration, { config: { entitlements } }),
      integration,
    )
  }
}
