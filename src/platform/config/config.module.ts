import { type DynamicModule, Global, Module } from '@nestjs/common'
import { createLogger, type Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'
import { Config } from './config.js'

/** The parsed environment and the logger, everywhere. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: Config, logger: Logger = createLogger(config)): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: Config, useValue: config },
        { provide: LOGGER, useValue: logger },
      ],
      exports: [Config, LOGGER],
    }
  }
}
