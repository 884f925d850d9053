import { type NamedQuery, namedQuery } from '../database/fast-path/named-query.js'

/** Most transactions publish fewer events; more of them take several statements. */
const MOST = 8

/** @returns the statements that insert any number of rows, each row given as its values in the order of `columns` */
export function insertOf(name: string, table: string, columns: string) {
  const width = columns.split(',').length
  const tuple = (row: number) =>
    `(${Array.from({ length: width }, (_, index) => `$${row * width + index + 1}`).join(', ')})`
  const ofCount = Array.from({ length: MOST }, (_, fewer) =>
    namedQuery(
      `${name}_${fewer + 1}`,
      `insert into ${table} (${columns}) values ${Array.from({ length: fewer + 1 }, (_, row) => tuple(row)).join(', ')}`,
    ),
  )
  return function* (rows: readonly unknown[][]): Generator<[query: NamedQuery<unknown>, values: unknown[]]> {
    for (let from = 0; from < rows.length; from += MOST) {
      const some = rows.slice(from, from + MOST)
      yield [ofCount[some.length - 1]!, some.flat()]
    }
  }
}
