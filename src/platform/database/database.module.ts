import { type DynamicModule, Global, Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { DataSource } from 'typeorm'
import { Config } from '../config/config.js'
import type { Connections } from './connections.js'
import { serverOptions } from './data-source.js'
import { Database } from './database.js'
import { reach } from './first-contact.js'
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
          useFactory: async (config: Config) => {
            const limits = {
              poolSize: config.get('DATABASE_POOL_SIZE'),
              statementTimeoutMs: config.get('DATABASE_STATEMENT_TIMEOUT_MS'),
              preparedStatements: config.get('DATABASE_PREPARED_STATEMENTS'),
            }
            const options = await reach(connections.contact, () => serverOptions(config.get('DATABASE_URL')!, limits))
            return { ...options, autoLoadEntities: true, retryAttempts: 0 }
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
