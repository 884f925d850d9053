import type { DataSourceOptions } from 'typeorm'
import { migrations } from './migrations/index.js'

/** TypeORM's options for a Polity database. The schema changes through migrations only, never by `synchronize`. */
export function dataSourceOptions(url: string, poolSize = 10): Extract<DataSourceOptions, { type: 'postgres' }> {
  return {
    type: 'postgres',
    url,
    migrations,
    migrationsTableName: 'migrations',
    synchronize: false,
    installExtensions: false,
    poolSize,
    applicationName: 'polity',
    connectTimeoutMS: 5_000,
    // An idle connection that breaks is replaced on its next use; the statement that needed it reports the error.
    poolErrorHandler: () => undefined,
    // Pipelined, a connection takes a statement before it has answered the last. Cursors and streams are refused then.
    extra: { keepAlive: true, pipeline: true },
  }
}
