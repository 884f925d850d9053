import { type DynamicModule, Module } from '@nestjs/common'
import { TerminusModule } from '@nestjs/terminus'
import { AuthModule } from './auth/index.js'
import { IntegrationsModule } from './integrations/index.js'
import { MembersModule } from './members/index.js'
import { OrganizationsModule } from './organizations/index.js'
import type { Config } from './platform/config/config.js'
import { ConfigModule } from './platform/config/config.module.js'
import { DatabaseModule } from './platform/database/database.module.js'
import { EventsModule } from './platform/events/events.module.js'
import { HealthController } from './platform/health/health.controller.js'
import type { Logger } from './platform/logging/logger.js'
import { MetricsModule } from './platform/metrics/metrics.module.js'
import { ProjectsModule } from './projects/index.js'
import { UsersModule } from './users/users.module.js'

/** Wires every module. */
@Module({})
export class AppModule {
  /** @param extensions modules of a third party, which may inject whatever Polity exports */
  static with(config: Config, logger?: Logger, extensions: NonNullable<DynamicModule['imports']> = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config, logger),
        DatabaseModule,
        MetricsModule,
        EventsModule,
        AuthModule,
        MembersModule,
        ProjectsModule,
        OrganizationsModule,
        IntegrationsModule,
        UsersModule,
        TerminusModule.forRoot({ logger: false }),
        ...extensions,
      ],
      controllers: [HealthController],
    }
  }
}
