import { sqlState } from './database-errors.js'
import { WatchedClient } from './fast-path/watched-client.js'

/** A longer wait for a row or a table fails, and the client is told to retry. */
const LOCK_TIMEOUT_MS = 3_000
/** Ends transactions of a frozen process, so that its locks are released. Longer than a request's body may take. */
const IDLE_IN_TRANSACTION_MS = 60_000
/** SQLSTATE protocol_violation: PgBouncer's answer to a setting that it does not know. */
const UNKNOWN_AT_START = '08P01'

/** Settings of PostgreSQL by their names, in milliseconds. */
export interface SessionLimits {
  statement_timeout: number
  lock_timeout: number
  idle_in_transaction_session_timeout: number
}

export const sessionLimits = (statementTimeoutMs: number): SessionLimits => ({
  statement_timeout: statementTimeoutMs,
  lock_timeout: Math.min(LOCK_TIMEOUT_MS, statementTimeoutMs),
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
})

/**
 * Whether a connection may begin with these limits. PgBouncer refuses them, and settings that a client makes later stay for
 * the next client. So behind PgBouncer every transaction sets its own limits.
 */
export async function takesLimitsAtStart(url: string, limits: SessionLimits): Promise<boolean> {
  const client = new WatchedClient({ connectionString: url, ...limits, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    return true
  } catch (error) {
    if (sqlState(error) === UNKNOWN_AT_START) return false
    throw error
  } finally {
    await client.end()
  }
}

/** Begins a transaction with its own limits, in one message and so in one round trip. */
export const beginWith = (limits: Partial<SessionLimits>): string =>
  ['begin', ...Object.entries(limits).map(([name, ms]) => `set local ${name} = ${ms}`)].join('; ')
