import type { DataSourceOptions } from 'typeorm'
import { WatchedClient } from './fast-path/watched-client.js'
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
    extra: {
      Client: WatchedClient,
      // An idle connection whose other end is gone breaks, instead of waiting for the first statement.
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      // Pipelined, a connection takes a statement before it has answered the last. Cursors and streams are refused then.
      pipeline: true,
    },
  }
}
