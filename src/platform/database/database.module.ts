import { Global, Module } from '@nestjs/common'
import { TypeOrmModule } from '@nestjs/typeorm'
import { DataSource } from 'typeorm'
import { Config } from '../config/config.js'
import { dataSourceOptions } from './data-source.js'
import { Database } from './database.js'
import { withoutPreparedStatements } from './unnamed-statements.js'

@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => {
        const options = dataSourceOptions(config.get('DATABASE_URL')!, config.get('DATABASE_POOL_SIZE'))
        return {
          ...(config.get('DATABASE_PREPARED_STATEMENTS') ? options : withoutPreparedStatements(options)),
          autoLoadEntities: true,
          retryAttempts: 0,
        }
      },
    }),
  ],
  providers: [
    { provide: Database, inject: [DataSource], useFactory: (dataSource: DataSource) => new Database(dataSource) },
  ],
  exports: [Database],
})
export class DatabaseModule {}
