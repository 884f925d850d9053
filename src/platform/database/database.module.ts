import { type DynamicModule, Global, Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { DataSource } from 'typeorm'
import { Config } from '../config/config.js'
import type { Connections } from './connections.js'
import { dataSourceOptions } from './data-source.js'
import { Database } from './database.js'
import { UnnamingClient } from './fast-path/unnamed-statements.js'
import { requireIcu } from './text-search.js'

/** The door to PostgreSQL, everywhere. */
@Global()
@Module({})
export class DatabaseModule {
  static with(connections: Connections): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [Config],
          useFactory: (config: Config) => {
            const options = dataSourceOptions(config.get('DATABASE_URL')!, config.get('DATABASE_POOL_SIZE'))
            return {
              ...options,
              extra: {
                ...options.extra,
                ...(config.get('DATABASE_PREPARED_STATEMENTS') ? {} : { Client: UnnamingClient }),
              },
              autoLoadEntities: true,
              retryAttempts: 0,
            }
          },
          dataSourceFactory: connections.open,
        }),
      ],
      providers: [
        {
          provide: Database,
          inject: [DataSource],
          useFactory: async (dataSource: DataSource) => {
            await requireIcu(dataSource)
            return new Database(dataSource)
          },
        },
      ],
      exports: [Database],
    }
  }
}
