import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common'
import { ModuleRef } from '@nestjs/core'
import { StartError } from '../platform/start-error.js'
import { IntegrationProvider } from './integration-provider.js'

/** Fields of every kind's `config` that Polity itself writes. */
const OWN_FIELDS = ['type', 'environment_mapping', 'sync']

/** The classes of the providers that plugins list as `integrations`. */
export const INTEGRATION_PROVIDERS = Symbol('integration providers')

/** The kinds of integration that this server knows. */
@Injectable()
export class ProviderRegistry implements OnModuleInit {
  private readonly byKind = new Map<string, IntegrationProvider>()

  constructor(
    private readonly modules: ModuleRef,
    @Inject(INTEGRATION_PROVIDERS) private readonly classes: readonly Type<IntegrationProvider>[],
  ) {}

  /** @throws {StartError} for a provider that is wired wrongly, with the reason */
  onModuleInit(): void {
    for (const provider of this.classes.map((one) => this.modules.get(one, { strict: false }))) {
      const name = provider.constructor.name
      if (!/^[a-z0-9][a-z0-9-]{0,49}$/.test(provider.kind ?? ''))
        throw new StartError(
          `The integration provider ${name} has no valid kind: name it with lower case letters, digits and hyphens, at most 50.`,
        )
      const other = this.byKind.get(provider.kind)
      if (other)
        throw new StartError(
          `The integration providers ${other.constructor.name} and ${name} are both of kind "${provider.kind}". Register one of them, or rename one.`,
        )
      if (typeof provider.config?.safeParse !== 'function' || !Array.isArray(provider.shown))
        throw new StartError(
          `The integration provider ${name} does not say what its configuration may hold and show: give it a zod schema as \`config\` and a list of fields as \`shown\`.`,
        )
      this.byKind.set(provider.kind, provider)
    }
  }

  find(kind: string): IntegrationProvider | undefined {
    return this.byKind.get(kind)
  }

  /** The part of a configuration that members may see. For a kind that is not registered, only what Polity wrote. */
  shown(kind: string, config: Record<string, unknown>): Record<string, unknown> {
    const fields = [...OWN_FIELDS, ...(this.byKind.get(kind)?.shown ?? [])]
    return Object.fromEntries(Object.entries(config).filter(([field]) => fields.includes(field)))
  }
}
