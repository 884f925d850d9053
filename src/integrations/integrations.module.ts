import { Global } from '@nestjs/common'
import { defineScope } from '../access/index.js'
import { OrganizationsModule } from '../organizations/index.js'
import { PolityPlugin } from '../plugin.js'
import { ProjectsModule } from '../projects/index.js'
import * as events from './integration.events.js'
import { IntegrationInstallations } from './integration-installations.js'
import { IntegrationSync } from './integration-sync.js'
import { addSecrets } from './integrations.commands.js'
import { IntegrationsController } from './integrations.controller.js'
import { IntegrationsPurge } from './integrations-purge.js'
import { IntegrationsService } from './integrations.service.js'
import { integrationsSettings } from './integrations.settings.js'
import { Integrations1764000000000 } from './migrations/1764000000000-integrations.js'
import { IntegrationProviders1764100000000 } from './migrations/1764100000000-integration-providers.js'
import { OrganizationIntegration } from './integration.entity.js'
import { ProviderRegistry } from './provider-registry.js'
import { SecretsRewrap } from './secrets-rewrap.js'

/** The integrations of whole organizations. Each kind is a plugin that lists its provider in `integrations`. */
@Global()
@PolityPlugin({
  imports: [OrganizationsModule, ProjectsModule],
  entities: [OrganizationIntegration],
  controllers: [IntegrationsController],
  providers: [
    ProviderRegistry,
    IntegrationInstallations,
    IntegrationSync,
    IntegrationsPurge,
    IntegrationsService,
    SecretsRewrap,
  ],
  exports: [IntegrationsService, IntegrationInstallations, SecretsRewrap],
  scopes: [
    defineScope('organization_integration', {
      read: 'See the integrations of organizations',
      write: 'Connect, change and remove the integrations of organizations',
    }),
  ],
  events: Object.values(events),
  settings: integrationsSettings,
  migrations: [Integrations1764000000000, IntegrationProviders1764100000000],
  organizationTables: ['organization_integrations', 'project_integrations'],
  commands: [addSecrets],
})
export class IntegrationsModule {}
