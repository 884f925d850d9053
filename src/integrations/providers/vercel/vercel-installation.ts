import { z } from 'zod'
import type { InstalledIntegration } from '../../integration-provider.js'

export const KIND = 'vercel'

/** How Vercel writes the id of an installation. */
export const INSTALLATION_ID = /^icfg_[A-Za-z0-9]{24}$/

/** The configuration of an installation from Vercel's marketplace, or of a linked account, with Vercel's own names. */
export const vercelConfig = z.object({
  type: z.enum(['marketplace', 'connectable']),
  scopes: z.array(z.string()).optional(),
  acceptedPolicies: z.record(z.string(), z.unknown()).optional(),
  account: z
    .object({
      name: z.string().nullish(),
      url: z.string(),
      contact: z.object({ email: z.string(), name: z.string().nullish() }),
    })
    .optional(),
  billing_plan_id: z.string().optional(),
  /** Vercel's user ids, each with the id of our user. */
  user_mappings: z.record(z.string(), z.number()).optional(),
  vercel_team_id: z.string().nullable().optional(),
  vercel_user_id: z.string().optional(),
  configuration_id: z.string().optional(),
})

export const vercelSecrets = z.object({ access_token: z.string(), token_type: z.string().optional() })

export type VercelConfig = z.infer<typeof vercelConfig>
export type VercelSecrets = z.infer<typeof vercelSecrets>
export type VercelIntegration = InstalledIntegration<VercelConfig, VercelSecrets>

/** Whether an organization linked an account of its own; all others come from the marketplace. */
export const isLinked = ({ config }: VercelIntegration): boolean => config.type === 'connectable'
