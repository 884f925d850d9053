import { Injectable } from '@nestjs/common'
import { systemActor } from '../../../platform/events/domain-event.js'
import { Database } from '../../../platform/database/database.js'
import { IntegrationInstallations } from '../../integration-installations.js'
import { type InstalledIntegration, type IntegrationHealth, IntegrationProvider } from '../../integration-provider.js'
import { AwsMarketplaceApi } from './aws-marketplace-api.js'
import { AWS_MARKETPLACE, awsMarketplaceConfig, type AwsMarketplaceConfig } from './aws-marketplace-config.js'

type Installed = InstalledIntegration<AwsMarketplaceConfig>

/** SaaS products bought in AWS Marketplace. A purchase belongs to the organization that claims it. */
@Injectable()
export class AwsMarketplaceProvider extends IntegrationProvider<AwsMarketplaceConfig> {
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
    private readonly installations: IntegrationInstallations,
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
    await this.database.transaction(
      (tx) => this.installations.note(tx, systemActor(AWS_MARKETPLACE), integration, { config: { entitlements } }),
      integration,
    )
  }
}
