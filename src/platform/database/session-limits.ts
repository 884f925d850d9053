import { sqlState } from './database-errors.js'
import { WatchedClient } from './fast-path/watched-client.js'

/** Who waits longer for a row or a table is told to come again. */
const LOCK_TIMEOUT_MS = 3_000
/** A process that is frozen in a transaction holds its locks no longer. Longer than a request's body may take. */
const IDLE_IN_TRANSACTION_MS = 60_000
/** SQLSTATE protocol_violation: what PgBouncer says to a setting it does not know. */
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
 * Whether a connection may begin with these limits. PgBouncer refuses them, and what one client sets on a connection of its
 * own there stays for the next: behind it every transaction sets them for itself.
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

/** Begins a transaction with these limits of its own. One message, and so one round trip. */
export const beginWith = (limits: Partial<SessionLimits>): string =>
  ['begin', ...Object.entries(limits).map(([name, ms]) => `set local ${name} = ${ms}`)].join('; ')
