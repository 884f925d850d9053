import type { IntegrationProviderClass } from '../integrations.module.js'
import { AwsMarketplaceProvider } from './aws-marketplace/aws-marketplace.provider.js'
import { VercelProvider } from './vercel/vercel.provider.js'

/** The kinds of integration that every server knows. Each stays silent until it is configured. */
export const shippedProviders: readonly IntegrationProviderClass[] = [VercelProvider, AwsMarketplaceProvider]
export { VercelApi, VercelRefusal } from './vercel/vercel-api.js'
export type { VercelConfig, VercelIntegration, VercelSecrets } from './vercel/vercel-installation.js'
