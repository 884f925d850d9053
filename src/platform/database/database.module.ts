import { Global, Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { DataSource } from 'typeorm'
import { Config } from '../config/config.js'
import { dataSourceOptions } from './data-source.js'
import { Database } from './database.js'

@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({
        ...dataSourceOptions(config.get('DATABASE_URL')!, config.get('DATABASE_POOL_SIZE')),
        autoLoadEntities: true,
        retryAttempts: 0,
      }),
    }),
  ],
  providers: [
    { provide: Database, inject: [DataSource], useFactory: (dataSource: DataSource) => new Database(dataSource) },
  ],
  exports: [Database],
})
export class DatabaseModule {}
