export { BillingGate, billingGate, type BilledIntegration } from './billing-gate.js'
export {
  type InstalledIntegration,
  type IntegrationHealth,
  IntegrationProvider,
  ProviderError,
} from './integration-provider.js'
export {
  type InstallationChanges,
  IntegrationInstallations,
  type NewInstallation,
} from './integration-installations.js'
export { IntegrationView } from './integration.dto.js'
export * from './integration.events.js'
export { IntegrationsModule } from './integrations.module.js'
export { IntegrationsService } from './integrations.service.js'
export { OrganizationIntegration } from './integration.entity.js'
export {
  VercelApi,
  type VercelConfig,
  type VercelIntegration,
  VercelRefusal,
  type VercelSecrets,
} from './providers/index.js'
export { INTEGRATION_PROVIDERS } from './provider-registry.js'
export { SecretsRewrap } from './secrets-rewrap.js'
