import { type DynamicModule, Global, Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { DataSource } from 'typeorm'
import { Config } from '../config/config.js'
import type { Connections } from './connections.js'
import { dataSourceOptions } from './data-source.js'
import { Database } from './database.js'

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
          useFactory: (config: Config) => ({
            ...dataSourceOptions(config.get('DATABASE_URL')!, config.get('DATABASE_POOL_SIZE')),
            autoLoadEntities: true,
            retryAttempts: 0,
          }),
          dataSourceFactory: connections.open,
        }),
      ],
      providers: [
        { provide: Database, inject: [DataSource], useFactory: (dataSource: DataSource) => new Database(dataSource) },
      ],
      exports: [Database],
    }
  }
}
