import { ConfigurableModuleBuilder, Global, Module, type Type } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { getDataSourceToken } from '@nestjs/typeorm'
import { PersonalApiKeysService, UsersService } from './identity/index.js'
import { IntegrationsService } from './integrations/index.js'
import { MembersService } from './members/index.js'
import { OrganizationsService } from './organizations/index.js'
import { DATA_SOURCE } from './platform/database/database.module.js'
import { Polity, type PolityOptions } from './polity.js'
import { ProjectsService } from './projects/index.js'

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<PolityOptions>({
  moduleName: 'Polity',
})
  .setClassMethodName('forRoot')
  .build()

/** None of them has lifecycle hooks, which both applications would call. */
const services: Type[] = [
  OrganizationsService,
  MembersService,
  ProjectsService,
  UsersService,
  PersonalApiKeysService,
  IntegrationsService,
]
const tokens = [...services, getDataSourceToken(DATA_SOURCE)]

/**
 * The whole API inside of your own NestJS application, on Fastify or on Express, with its own connections and its own
 * schema. Its routes answer as those of a server of its own do; your routes, pipes, guards, filters and DataSource are not
 * touched. Everywhere in your application, {@link Polity}, its services and the DataSource `polity` can be injected.
 *
 * `forRootAsync({ imports, inject, useFactory })` takes the options from your own providers.
 * @throws {StartError} from `NestFactory.create`, for options that are wrong and a database that cannot be used
 * @example
 * ```ts
 * @Module({
 *   imports: [
 *     PolityModule.forRoot({
 *       databaseUrl: 'postgres://app:secret@localhost/app',
 *       prefix: '/platform',
 *       plugins: [WidgetsModule],
 *       settings: { INTEGRATION_ENCRYPTION_KEYS: process.env.INTEGRATION_ENCRYPTION_KEYS },
 *     }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
@Global()
@Module({
  providers: [
    {
      provide: Polity,
      inject: [MODULE_OPTIONS_TOKEN, HttpAdapterHost],
      useFactory: (options: PolityOptions, { httpAdapter }: HttpAdapterHost) =>
        // Undefined in an application without HTTP.
        Polity.start(options, httpAdapter),
    },
    ...tokens.map((provide) => ({
      provide,
      inject: [Polity],
      useFactory: (polity: Polity): unknown => polity.get(provide),
    })),
  ],
  exports: [Polity, ...tokens],
})
export class PolityModule extends ConfigurableModuleClass {}
