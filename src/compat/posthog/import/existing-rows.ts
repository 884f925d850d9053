import type { Transaction } from '../../../platform/database/database.js'

/**
 * Makes a transaction use indexes. For the hundreds of keys of a batch the planner would otherwise scan a table of some
 * ten thousand rows, once for every batch.
 */
export async function useIndexes(tx: Transaction): Promise<void> {
  await tx.manager.query('set local enable_seqscan to off')
}

/** The given keys that exist in a table, with the value of another column for each. */
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

/** The ids here of the users with these uuids. */
export const usersByUuid = (tx: Transaction, uuids: readonly string[]): Promise<Map<string, number>> =>
  existingRows(tx, 'users', 'uuid', uuids, 'id')
