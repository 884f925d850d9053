import { type DynamicModule, Global, Module, type Type } from '@nestjs/common'
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm'
import type { DataSource } from 'typeorm'
import { Config } from '../config/config.js'
import type { Connections } from './connections.js'
import { serverOptions } from './data-source.js'
import { Database } from './database.js'
import { reach } from './first-contact.js'
import { requireIcu } from './text-search.js'

/** Our DataSource's name: an application that we run inside of may have a default one of its own. */
export const DATA_SOURCE = 'polity'

/** Provides {@link Database} to all modules. */
@Global()
@Module({})
export class DatabaseModule {
  static with(connections: Connections, entities: Type[]): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          name: DATA_SOURCE,
          inject: [Config],
          useFactory: async (config: Config) => {
            const limits = {
              poolSize: config.get('DATABASE_POOL_SIZE'),
              statementTimeoutMs: config.get('DATABASE_STATEMENT_TIMEOUT_MS'),
              preparedStatements: config.get('DATABASE_PREPARED_STATEMENTS'),
            }
            const options = await reach(connections.contact, () => serverOptions(config.get('DATABASE_URL')!, limits))
            return { ...options, entities, autoLoadEntities: true, retryAttempts: 0 }
          },
          dataSourceFactory: connections.open,
        }),
      ],
      providers: [
        {
          provide: Database,
          inject: [getDataSourceToken(DATA_SOURCE)],
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
