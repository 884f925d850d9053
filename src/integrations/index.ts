export { IntegrationView } from './integration.dto.js'
export { IntegrationsModule } from './integrations.module.js'
export { IntegrationsService } from './integrations.service.js'
export { OrganizationIntegration } from './organization-integration.entity.js'
