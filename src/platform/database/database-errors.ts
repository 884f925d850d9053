/** SQLSTATE of an error from PostgreSQL, wherever TypeORM wrapped it. */
export function sqlState(error: unknown): string | undefined {
  const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: { code?: unknown } }
  const state = driverError?.code ?? code
  return typeof state === 'string' ? state : undefined
}

/** The name of the constraint that an error from PostgreSQL is about. */
export const violatedConstraint = (error: unknown): string | undefined =>
  (error as { driverError?: { constraint?: string } })?.driverError?.constraint ??
  (error as { constraint?: string })?.constraint

/** SQLSTATE 40001 serialization_failure and 40P01 deadlock_detected: the same transaction may succeed when run again. */
export const isRetryable = (error: unknown): boolean => ['40001', '40P01'].includes(sqlState(error) ?? '')

/** Thrown when the wait for a connection, or the line, would be too long. */
export class DatabaseBusy extends Error {
  override readonly name = 'DatabaseBusy'
}

/**
 * SQLSTATE: class 08 connection exception, 57014 query_canceled (the statement timeout), 57P0x shutdown, crash, starting up,
 * 53 insufficient resources (connections, memory, disk), 55P03 lock_not_available (the lock timeout), 25P03 and 25P04
 * transaction ended for its age, 25006 read_only_sql_transaction (a primary that has become a standby). Then the
 * operating system's errors of sockets.
 */
const UNAVAILABLE =
  /^(08\w{3}|57014|57P0\d|53\w{3}|55P03|25P0[34]|25006|ECONN(REFUSED|RESET|ABORTED)|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|E(HOST|NET)(UNREACH|DOWN)|ENETRESET)$/

/** What pg, pg-pool and TypeORM throw without a code. `database-errors.spec.ts` compares it with the sources of pg. */
const LOST = [
  'Connection terminated',
  'timeout expired',
  'timeout exceeded when trying to connect',
  'is not queryable',
  'Query read timeout',
  'message from backend',
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
  'Cannot use a pool after calling end on the pool',
  'Driver not Connected',
  'Query runner already released',
]

/** Whether the database could not be asked or did not answer in time, so that the same request may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseBusy || UNAVAILABLE.test(sqlState(error) ?? '')) return true
  const message = error instanceof Error ? error.message : ''
  return LOST.some((sentence) => message.includes(sentence))
}
