import { type DynamicModule, Module, type Provider } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import type { Config } from '../platform/config/config.js'
import { MembersModule } from '../members/index.js'
import { OrganizationsModule } from '../organizations/index.js'
import { ProjectsModule } from '../projects/index.js'
import { billingGate } from './billing-gate.js'
import { IntegrationInstallations } from './integration-installations.js'
import type { IntegrationProvider } from './integration-provider.js'
import { IntegrationSync } from './integration-sync.js'
import { IntegrationsController } from './integrations.controller.js'
import { IntegrationsPurge } from './integrations-purge.js'
import { IntegrationsService } from './integrations.service.js'
import { OrganizationIntegration } from './organization-integration.entity.js'
import { ProviderRegistry } from './provider-registry.js'
import { SecretsRewrap } from './secrets-rewrap.js'

/** A class of an {@link IntegrationProvider}, with what its static side declares. */
export type IntegrationProviderClass = Pick<
  typeof IntegrationProvider,
  'isConfigured' | 'controllers' | 'services' | 'exports'
> &
  (new (...dependencies: never[]) => IntegrationProvider)

export interface IntegrationsOptions {
  /** The kinds that this server knows, each with its routes. */
  providers: readonly IntegrationProviderClass[]
  /** The settings that say which of them have routes. */
  config: Config
}

/** The integrations of whole organizations. */
@Module({})
export class IntegrationsModule {
  /**
   * @example IntegrationsModule.forRoot({ providers: [VercelProvider, AcmeProvider], config })
   * @throws {StartError} at boot, for two providers of a kind and for one without a schema
   */
  static forRoot({ providers, config }: IntegrationsOptions): DynamicModule {
    const registry: Provider = {
      provide: ProviderRegistry,
      inject: [...providers],
      useFactory: (...instances: IntegrationProvider[]) => new ProviderRegistry(instances),
    }
    const routed = providers.filter((provider) => provider.isConfigured(config))
    const services = new Set(providers.flatMap((provider) => provider.services))
    return {
      module: IntegrationsModule,
      // A module of someone else's could not import what was made here with these providers.
      global: true,
      imports: [
        TypeOrmModule.forFeature([OrganizationIntegration]),
        OrganizationsModule,
        MembersModule,
        ProjectsModule,
      ],
      controllers: [IntegrationsController, ...routed.flatMap((provider) => provider.controllers)],
      providers: [
        ...new Set<Provider>([...providers, ...services]),
        registry,
        billingGate,
        IntegrationInstallations,
        IntegrationSync,
        IntegrationsPurge,
        IntegrationsService,
        SecretsRewrap,
      ],
      exports: [
        IntegrationsService,
        IntegrationInstallations,
        SecretsRewrap,
        ...providers.flatMap((provider) => provider.exports),
      ],
    }
  }
}
