import { type DynamicModule, Module } from '@nestjs/common'
import { TerminusModule } from '@nestjs/terminus'
import { AccessModule } from './access/index.js'
import { PersonalApiKeysModule, UsersModule } from './identity/index.js'
import { IntegrationsModule, type IntegrationProviderClass, shippedProviders } from './integrations/index.js'
import { MembersModule } from './members/index.js'
import { OrganizationsModule } from './organizations/index.js'
import type { Config } from './platform/config/config.js'
import { ConfigModule } from './platform/config/config.module.js'
import { Connections } from './platform/database/connections.js'
import { DatabaseHealth } from './platform/database/database.health.js'
import { DatabaseModule } from './platform/database/database.module.js'
import { contactFor } from './platform/database/first-contact.js'
import { EventsModule } from './platform/events/events.module.js'
import { HealthController } from './platform/health/health.controller.js'
import { Drain } from './platform/http/drain.js'
import { DtoDeclarationsModule } from './platform/http/dto-declarations.js'
import type { Logger } from './platform/logging/logger.js'
import { MetricsModule } from './platform/metrics/metrics.module.js'
import { ErrorBodiesModule } from './platform/http/error-bodies.js'
import { OutboundModule } from './platform/outbound/outbound.module.js'
import { RedisModule } from './platform/redis/redis.module.js'
import { SecretsModule } from './platform/secrets/secrets.module.js'
import { ProjectsModule } from './projects/index.js'
import { CurrentUserModule } from './current-user/current-user.module.js'

export interface AppModuleOptions {
  logger?: Logger
  /** Kinds of integration of a third party, beside those that Polity ships. */
  integrations?: readonly IntegrationProviderClass[]
  /** Modules of a third party, which may inject whatever Polity exports. */
  extensions?: NonNullable<DynamicModule['imports']>
}

/** Wires every module. */
@Module({})
export class AppModule {
  /**
   * @param connections whoever builds the application closes them where that fails
   * @param drain watches the HTTP server, where there is one
   */
  static with(
    config: Config,
    { logger, integrations = [], extensions = [] }: AppModuleOptions = {},
    connections = new Connections(contactFor(config)),
    drain = new Drain(config.get('SHUTDOWN_DRAIN_MS')),
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config, logger),
        DatabaseModule.with(connections),
        RedisModule,
        MetricsModule,
        SecretsModule,
        OutboundModule,
        ErrorBodiesModule,
        DtoDeclarationsModule,
        EventsModule,
        AccessModule,
        UsersModule,
        PersonalApiKeysModule,
        MembersModule,
        ProjectsModule,
        OrganizationsModule,
        IntegrationsModule.forRoot({ providers: [...shippedProviders, ...integrations], config }),
        CurrentUserModule,
        TerminusModule.forRoot({ logger: false }),
        ...extensions,
      ],
      controllers: [HealthController],
      // Of the outermost module, whose hooks NestJS calls first when the application closes.
      providers: [{ provide: Drain, useValue: drain }, DatabaseHealth],
    }
  }
}
