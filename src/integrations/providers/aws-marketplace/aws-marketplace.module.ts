import { MembersModule } from '../../../members/index.js'
import { OrganizationsModule } from '../../../organizations/index.js'
import { PolityPlugin } from '../../../plugin.js'
import { ProjectsModule } from '../../../projects/index.js'
import { AwsMarketplaceApi } from './aws-marketplace-api.js'
import { AwsMarketplaceClaimController, AwsMarketplaceController } from './aws-marketplace.controller.js'
import { AwsMarketplaceNotifications } from './aws-marketplace-notifications.js'
import { AwsMarketplaceProvider } from './aws-marketplace.provider.js'
import { AwsMarketplaceRegistrations } from './aws-marketplace-registrations.js'
import { awsMarketplaceSettings } from './aws-marketplace.settings.js'
import { AwsMarketplaceSetup } from './aws-marketplace-setup.js'
import { AwsMarketplaceStatuses } from './aws-marketplace-statuses.js'
import { AwsMarketplace1764200000000 } from './migrations/1764200000000-aws-marketplace.js'
import { SnsCertificates } from './sns-certificates.js'
import { SnsUrls } from './sns-urls.js'

/** SaaS products bought in AWS Marketplace. */
@PolityPlugin({
  imports: [OrganizationsModule, MembersModule, ProjectsModule],
  controllers: [AwsMarketplaceController, AwsMarketplaceClaimController],
  providers: [
    AwsMarketplaceApi,
    AwsMarketplaceSetup,
    AwsMarketplaceStatuses,
    AwsMarketplaceRegistrations,
    AwsMarketplaceNotifications,
    SnsCertificates,
    SnsUrls,
  ],
  integrations: [AwsMarketplaceProvider],
  settings: awsMarketplaceSettings,
  migrations: [AwsMarketplace1764200000000],
  routesWhen: (config) => config.of(awsMarketplaceSettings).AWS_MARKETPLACE_PRODUCT_CODES.length > 0,
})
export class AwsMarketplaceModule {}
