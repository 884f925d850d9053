import { type NamedQuery, namedQuery } from '../database/fast-path/named-query.js'

/** The most rows in one statement. Most transactions publish fewer events. */
const MOST = 8

/** Rows by their first column: the organization or the person that they belong to. */
export type RowsByOwner = ReadonlyMap<unknown, readonly unknown[][]>

/**
 * @param owner the first column, which is the same in all rows of a statement
 * @param columns the others
 * @param computed another column and its SQL, in which `$1` is the owner
 * @returns the statements that insert any number of rows, each row given as its values in the order of `columns`
 */
export function insertOf(
  name: string,
  table: string,
  owner: string,
  columns: string,
  computed?: { column: string; value: string },
) {
  const width = columns.split(',').length
  const more = computed ? [computed.value] : []
  const tuple = (row: number) => {
    const parameters = Array.from({ length: width }, (_, index) => `$${row * width + index + 2}`)
    return `(${['$1', ...parameters, ...more].join(', ')})`
  }
  const into = `insert into ${table} (${[owner, columns, ...(computed ? [computed.column] : [])].join(', ')})`
  const ofCount = Array.from({ length: MOST }, (_, fewer) => {
    const tuples = Array.from({ length: fewer + 1 }, (_, row) => tuple(row))
    return namedQuery(`${name}_${fewer + 1}`, `${into} values ${tuples.join(', ')}`)
  })
  return function* (rows: RowsByOwner): Generator<[query: NamedQuery<unknown>, values: unknown[]]> {
    for (const [ownerId, own] of rows)
      for (let from = 0; from < own.length; from += MOST) {
        const some = own.slice(from, from + MOST)
        yield [ofCount[some.length - 1]!, [ownerId, ...some.flat()]]
      }
  }
}
