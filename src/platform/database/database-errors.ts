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

/** Class 08, 57P0x (shutdown, crash, starting up), 53300 (too many connections), and what the socket says. */
export function isDatabaseUnreachable(error: unknown): boolean {
  const state = sqlState(error) ?? ''
  if (/^08|^57P0[123]$|^53300$|^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|ETIMEDOUT)$/.test(state)) return true
  const message = error instanceof Error ? error.message : ''
  return /Connection terminated|timeout exceeded when trying to connect|Driver not Connected|pool after calling end/i.test(
    message,
  )
}
