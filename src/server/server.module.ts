import { type DynamicModule, Global, Module } from '@nestjs/common'
import { TerminusModule } from '@nestjs/terminus'
import { AUTHENTICATORS, Scopes } from '../access/index.js'
import { ORGANIZATION_HOOKS } from '../hooks/index.js'
import { INTEGRATION_PROVIDERS } from '../integrations/index.js'
import { ORGANIZATION_FIELDS, ORGANIZATION_TABLES } from '../organizations/index.js'
import type { Config } from '../platform/config/config.js'
import { ConfigModule } from '../platform/config/config.module.js'
import { Connections } from '../platform/database/connections.js'
import { DatabaseHealth } from '../platform/database/database.health.js'
import { DatabaseModule } from '../platform/database/database.module.js'
import { contactFor } from '../platform/database/first-contact.js'
import { HealthController } from '../platform/health/health.controller.js'
import { Drain } from '../platform/http/drain.js'
import { DtoDeclarationsModule } from '../platform/http/dto-declarations.js'
import { ErrorBodiesModule } from '../platform/http/error-bodies.js'
import { RouteTable } from '../platform/http/route-table.js'
import type { Logger } from '../platform/logging/logger.js'
import { MetricsModule } from '../platform/metrics/metrics.module.js'
import { OutboundModule } from '../platform/outbound/outbound.module.js'
import { RedisModule } from '../platform/redis/redis.module.js'
import { SecretsModule } from '../platform/secrets/secrets.module.js'
import { decisions } from '../decisions.js'
import { classOf, type PluginModule } from '../plugin-declaration.js'
import type { Plugins } from '../plugins.js'

interface Surroundings {
  logger?: Logger
  /** Whoever builds the application closes these when building fails. */
  connections?: Connections
  /** Watches the HTTP server, where there is one. */
  drain?: Drain
  /** Knows the routes of the HTTP server. */
  routes?: RouteTable
}

/** Wires every module of a server, and of the command line, which is one without routes. */
@Module({})
export class ServerModule {
  static with(
    config: Config,
    plugins: Plugins,
    {
      logger,
      connections = new Connections(contactFor(config)),
      drain = new Drain(config.get('SHUTDOWN_DRAIN_MS')),
      routes = new RouteTable(),
    }: Surroundings = {},
  ): DynamicModule {
    const modules = plugins.modulesFor(config)
    return {
      module: ServerModule,
      imports: [
        ConfigModule.with(config, logger),
        DatabaseModule.with(connections, plugins.entities),
        RedisModule,
        MetricsModule,
        SecretsModule,
        OutboundModule,
        ErrorBodiesModule,
        DtoDeclarationsModule,
        Declarations.of(plugins),
        Decisions.of(plugins, modules),
        TerminusModule.forRoot({ logger: false }),
        ...modules,
      ],
      controllers: [HealthController],
      // Of the outermost module, whose hooks NestJS calls first when the application closes.
      providers: [{ provide: Drain, useValue: drain }, { provide: RouteTable, useValue: routes }, DatabaseHealth],
    }
  }
}

/** What plugins declare, for those of our services that work with it. */
@Global()
@Module({})
class Declarations {
  static of(plugins: Plugins): DynamicModule {
    const providers = [
      { provide: Scopes, useValue: plugins.scopes },
      { provide: AUTHENTICATORS, useValue: plugins.authenticators },
      { provide: INTEGRATION_PROVIDERS, useValue: plugins.integrations },
      { provide: ORGANIZATION_HOOKS, useValue: plugins.hooks },
      { provide: ORGANIZATION_FIELDS, useValue: plugins.organizationFields },
      { provide: ORGANIZATION_TABLES, useValue: plugins.organizationTables },
    ]
    return { module: Declarations, providers, exports: providers.map(({ provide }) => provide) }
  }
}

/** Provides each decision to the services that ask: the plugin's class, or the default. */
@Global()
@Module({})
class Decisions {
  /** @param modules as NestJS gets them: it takes another object of the same class for another module */
  static of({ replacements }: Plugins, modules: readonly PluginModule[]): DynamicModule {
    const owners = [...replacements.values()].map(({ of }) => modules.find((one) => classOf(one) === classOf(of)) ?? of)
    const providers = decisions.map((byDefault) => {
      const replacement = replacements.get(byDefault.provide)
      return replacement ? { provide: byDefault.provide, useExisting: replacement.by } : byDefault
    })
    return { module: Decisions, imports: owners, providers, exports: providers.map(({ provide }) => provide) }
  }
}
