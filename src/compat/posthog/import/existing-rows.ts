import type { Transaction } from '../../../platform/database/database.js'

/**
 * Makes a transaction find rows by their indexes. For the hundreds of keys of a batch the planner would read a table of
 * some ten thousand rows from its beginning to its end, once for every batch.
 */
export async function useIndexes(tx: Transaction): Promise<void> {
  await tx.manager.query('set local enable_seqscan to off')
}

/** Those of these keys that a table has, with what it says of each in another column. */
export async function existingRows<Key extends string | number, Value = Key>(
  tx: Transaction,
  table: string,
  key: string,
  keys: readonly Key[],
  value = key,
): Promise<Map<Key, Value>> {
  if (keys.length === 0) return new Map()
  const rows: { key: Key; value: Value }[] = await tx.manager.query(
    `select ${key} as key, ${value} as value from ${table} where ${key} = any($1)`,
    [keys],
  )
  return new Map(rows.map(({ key, value }) => [key, value]))
}

/** The users of these uuids by their numbers here. */
export const usersByUuid = (tx: Transaction, uuids: readonly string[]): Promise<Map<string, number>> =>
  existingRows(tx, 'users', 'uuid', uuids, 'id')
