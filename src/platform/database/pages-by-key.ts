/** Rows read at once: few enough to hold, enough that the round trips do not count. */
const ROWS = 1_000

/**
 * Reads a table in the order of a unique key, page by page. Each page starts after the last key, so that the millionth row
 * costs as much as the first, and only one page is in memory.
 * @param start a value below every key
 * @example pagesByKey(0, (after, limit) => database.query(usersAfter, [after, limit]), ({ id }) => id)
 */
export async function* pagesByKey<Row, Key>(
  start: Key,
  read: (after: Key, limit: number) => Promise<Row[]>,
  keyOf: (row: Row) => Key,
): AsyncGenerator<Row[]> {
  for (let page = await read(start, ROWS); page.length > 0; page = await read(keyOf(page.at(-1)!), ROWS)) {
    yield page
    if (page.length < ROWS) return
  }
}
