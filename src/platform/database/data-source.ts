import type { DataSourceOptions, MigrationInterface } from 'typeorm'
import { sharedOf } from './fast-path/index.js'
import { UnnamingClient } from './fast-path/unnamed-statements.js'
import { WatchedClient } from './fast-path/watched-client.js'
import { beginWith, sessionLimits, takesLimitsAtStart } from './session-limits.js'

type Options = Extract<DataSourceOptions, { type: 'postgres' }>

/** How long we wait after PostgreSQL's own timeout, so that its answer can arrive. */
const DEADLINE_MARGIN_MS = 1_000
const CONNECT_DEADLINE_MS = 2_000

/** The limits of a server's connections. */
export interface ServerLimits {
  /** The number of all connections together. */
  poolSize: number
  statementTimeoutMs: number
  preparedStatements: boolean
}

/** Those of our options for TypeORM's pool that {@link Database} reads. */
export interface PoolSettings {
  /** Connections that statements share, beside those of the pool. */
  shared: number
  /** The statement that begins a transaction. */
  begin: string
}

/**
 * TypeORM's options for a Polity database. The schema changes through migrations only, never by `synchronize`. No statement
 * is bounded in time, as migrations want it.
 */
export function dataSourceOptions(url: string, poolSize = 10): Options {
  return {
    type: 'postgres',
    url,
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

/** The same for migrations, which TypeORM keeps in the table `migrations`. */
export const migrationOptions = (url: string, migrations: readonly (new () => MigrationInterface)[]): Options => ({
  ...dataSourceOptions(url, 1),
  migrations: [...migrations],
  migrationsTableName: 'migrations',
})

/** The same for a server, where every statement has a time limit. Connects once, to learn how to set the limits. */
export async function serverOptions(
  url: string,
  { poolSize, statementTimeoutMs, preparedStatements }: ServerLimits,
): Promise<Options> {
  const limits = sessionLimits(statementTimeoutMs)
  const atStart = await takesLimitsAtStart(url, limits)
  const shared = sharedOf(poolSize)
  const options = dataSourceOptions(url, poolSize - shared)
  const polity: PoolSettings = { shared, begin: beginWith(atStart ? {} : limits) }
  return {
    ...options,
    extra: {
      ...(options.extra as object),
      ...(preparedStatements ? {} : { Client: UnnamingClient }),
      ...(atStart ? limits : {}),
      deadlineMs: statementTimeoutMs + DEADLINE_MARGIN_MS,
      connectDeadlineMs: CONNECT_DEADLINE_MS,
      polity,
    },
  }
}
