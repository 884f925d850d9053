import type { z } from 'zod'
import { OutboundError } from '../platform/outbound/outbound.error.js'

/** An integration as its provider sees it: what the row holds, its secrets opened. */
export interface InstalledIntegration<Config = Record<string, unknown>, Secrets = Record<string, unknown>> {
  readonly organization_id: string
  readonly id: string
  /** The id at the provider. */
  readonly integration_id: string | null
  /** The provider's own fields, and `environment_mapping` once it was mapped. */
  readonly config: Config & { environment_mapping?: { production: number; preview: number; development: number } }
  readonly secrets: Secrets
  readonly created_by_id: number | null
}

/** Whether an integration works at its provider. */
export interface IntegrationHealth {
  healthy: boolean
  /** What is wrong and what to do, in words that members may read. */
  detail: string | null
}

/** A failure that its provider can explain: `message` is shown to members as `config.sync.last_error`. */
export class ProviderError extends Error {}

/** The part of a failure that members may read; nothing of an unexpected one. */
export const sentenceOf = (error: unknown): string =>
  error instanceof OutboundError || error instanceof ProviderError ? error.message : 'An unexpected error occurred.'

/**
 * One kind of integration. A subclass is an injectable, which its module lists as one of `integrations` in
 * `@PolityPlugin`.
 *
 * The hooks that tell the provider something run after the change has committed, at least once, with growing waits while
 * they throw: each must bear being called again, and tells the provider how the integration is now.
 * @example
 * ```ts
 * @Injectable()
 * export class AcmeProvider extends IntegrationProvider<AcmeConfig> {
 *   readonly kind = 'acme'
 *   readonly config = z.object({ workspace: z.string() })
 *   readonly shown = ['workspace'] as const
 * }
 * ```
 */
export abstract class IntegrationProvider<
  Config extends object = Record<string, unknown>,
  Secrets extends object = Record<string, unknown>,
> {
  /** `acme`: lower case letters, digits and hyphens, at most 50. It is stored with each integration and never changes. */
  abstract readonly kind: string
  /** What `config` may hold. A configuration that does not parse is not stored. */
  abstract readonly config: z.ZodType<Config>
  /** The fields of `config` that members may see. All others stay on the server. */
  abstract readonly shown: readonly (keyof Config & string)[]
  /** What `sensitive_config` may hold. Default: nothing is secret. */
  readonly secrets?: z.ZodType<Secrets>
  /** Whether an `integration_id` belongs to one organization only, which can then be found by it. Default: no. */
  readonly exclusive: boolean = false

  /** Tells the provider that the integration exists. Default: nothing to tell. */
  install?(integration: InstalledIntegration<Config, Secrets>): Promise<void>
  /** Tells the provider how the integration is configured now, its mapping included. Default: nothing to tell. */
  configure?(integration: InstalledIntegration<Config, Secrets>): Promise<void>
  /** Asks whether the integration works. Default: nobody knows. */
  health?(integration: InstalledIntegration<Config, Secrets>): Promise<IntegrationHealth>
  /**
   * Ends it at the provider. When an admin removes it, before it is removed here: a failure is logged and does not keep it
   * from being removed. When its organization was purged, after: again, with growing waits, while it throws, so it throws
   * nothing where there is nothing left to end.
   */
  disconnect?(integration: InstalledIntegration<Config, Secrets>): Promise<void>
}
