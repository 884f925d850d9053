import type { IntegrationProviderClass } from '../integrations.module.js'
import { VercelProvider } from './vercel/vercel.provider.js'

/** The kinds that Polity ships. */
export const shippedProviders: readonly IntegrationProviderClass[] = [VercelProvider]
