/**
 * A hot statement with a name: PostgreSQL parses and plans it once per connection.
 * PgBouncer in transaction mode keeps such statements from 1.21 on (`max_prepared_statements`); before it, they run
 * without their names when `DATABASE_PREPARED_STATEMENTS` is false.
 */
export interface NamedQuery<Row> {
  readonly name: string
  readonly text: string
  /** How many reads of a row or two it weighs; those are not sent behind it while another connection is less busy. */
  readonly cost: number
  /** Carries the type of a row; never set. */
  readonly row?: Row
}

/** @param name unique in the whole server, `<resource>.<what>` */
export const namedQuery = <Row>(name: string, text: string, cost = 1): NamedQuery<Row> => ({ name, text, cost })

/** The cost of a page. */
export const PAGE = 20

/** SQL for a timestamp as the wire has it: ISO 8601, UTC, microseconds, `Z`. */
export const wireTime = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
