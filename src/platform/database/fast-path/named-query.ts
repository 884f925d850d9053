/**
 * A hot statement with a name: PostgreSQL parses and plans it once per connection.
 * PgBouncer in transaction mode keeps such statements from 1.21 on (`max_prepared_statements`); before it, they run
 * without their names when `DATABASE_PREPARED_STATEMENTS` is false.
 */
export interface NamedQuery<Row> {
  readonly name: string
  readonly text: string
  readonly size: QuerySize
  /** Carries the type of a row; never set. */
  readonly row?: Row
}

/**
 * How much a statement reads, which decides the connection it runs on: a row or two, a page that an index finds, or a search,
 * whose work grows with what there is. Rows share connections with rows, pages with pages; each search borrows its own.
 */
export type QuerySize = 'row' | 'page' | 'search'

export const PAGE = 'page'
export const SEARCH = 'search'

/** @param name unique in the whole server, `<resource>.<what>` */
export const namedQuery = <Row>(name: string, text: string, size: QuerySize = 'row'): NamedQuery<Row> => ({
  name,
  text,
  size,
})

/** Where statements run: on any connection, or in a transaction. */
export interface Queryable {
  query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]>
}

/**
 * SQL for whether a column is one of the values that a subquery gives. The subquery runs first and once, so that
 * the planner never reads a whole table to join it with a few rows, however it estimates.
 */
export const isAmong = (column: string, subquery: string): string => `${column} = any(array(${subquery}))`

/** SQL for a timestamp as the wire has it: ISO 8601, UTC, microseconds, `Z`. */
export const wireTime = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
