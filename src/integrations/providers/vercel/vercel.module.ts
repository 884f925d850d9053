import { Global } from '@nestjs/common'
import { MembersModule } from '../../../members/index.js'
import { OrganizationsModule } from '../../../organizations/index.js'
import { PolityPlugin } from '../../../plugin.js'
import { ProjectsModule } from '../../../projects/index.js'
import { VercelApi } from './vercel-api.js'
import { VercelConnectController } from './vercel-connect.controller.js'
import { VercelConnect } from './vercel-connect.service.js'
import { VercelEnvironments } from './vercel-environments.js'
import { VercelErrorBodies } from './vercel-error-bodies.js'
import { VercelInstallationsController } from './vercel-installations.controller.js'
import { VercelInstallations } from './vercel-installations.service.js'
import { VercelPeople } from './vercel-people.js'
import { VercelProvider } from './vercel.provider.js'
import { VercelResourcesController } from './vercel-resources.controller.js'
import { VercelResources } from './vercel-resources.service.js'
import { vercelSettings } from './vercel.settings.js'
import { VercelSetup } from './vercel-setup.js'
import { VercelSsoController } from './vercel-sso.controller.js'
import { VercelSso } from './vercel-sso.service.js'
import { VercelTokenGuard } from './vercel-token.guard.js'
import { VercelTokens } from './vercel-tokens.js'

/** Vercel: its marketplace, and accounts that are linked to an organization. */
@Global()
@PolityPlugin({
  imports: [OrganizationsModule, MembersModule, ProjectsModule],
  controllers: [VercelInstallationsController, VercelResourcesController, VercelSsoController, VercelConnectController],
  providers: [
    VercelSetup,
    VercelErrorBodies,
    VercelTokens,
    VercelTokenGuard,
    VercelApi,
    VercelEnvironments,
    VercelInstallations,
    VercelResources,
    VercelPeople,
    VercelSso,
    VercelConnect,
  ],
  exports: [VercelApi],
  integrations: [VercelProvider],
  settings: vercelSettings,
  routesWhen: (config) => config.of(vercelSettings).VERCEL_CLIENT_ID !== undefined,
})
export class VercelModule {}
