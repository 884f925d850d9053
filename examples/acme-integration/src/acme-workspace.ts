import type { InstalledIntegration } from 'polity'
import { z } from 'zod'

/** The name under which Polity stores these integrations. */
export const KIND = 'acme'

/** What is kept of a connected workspace. Its name is the integration's id at Acme, too. */
export const acmeConfig = z.object({
  workspace: z.string().min(1).max(64),
  /** An account that was linked and not bought: its environments can be mapped to projects. */
  type: z.literal('connectable'),
})

/** Sealed in the database. */
export const acmeSecrets = z.object({ token: z.string().min(1) })

export type AcmeConfig = z.infer<typeof acmeConfig>
export type AcmeSecrets = z.infer<typeof acmeSecrets>
export type AcmeIntegration = InstalledIntegration<AcmeConfig, AcmeSecrets>
