import { HttpException } from '@nestjs/common'
import { ApiError } from '../../../platform/http/error-catalogue.js'
import { asApiError } from '../../../platform/http/error-filter.js'
import type { Transaction } from '../../../platform/database/database.js'
import { sqlState, violatedConstraint } from '../../../platform/database/database-errors.js'

const tables = {
  user: 'users',
  organization: 'organizations',
  membership: 'organization_memberships',
  project: 'projects',
  personal_api_key: 'personal_api_keys',
}

/** SQL that inserts `$1`, a JSON array of rows with these columns. */
const insertion = (table: string, names: string, rest: string): string =>
  `insert into ${table} (${names}) select ${names} from json_populate_recordset(null::${table}, $1) ${rest}`

/**
 * Inserts rows with one statement for all that have the same columns. Columns that are left out keep their defaults.
 * @param rest the end of the statement: `on conflict` and `returning`
 */
export async function insertRows<Returned>(
  tx: Transaction,
  type: keyof typeof tables,
  rows: readonly Record<string, unknown>[],
  rest = '',
): Promise<Returned[]> {
  const returned: Returned[] = []
  for (const [names, group] of alike(rows)) {
    const statement = insertion(tables[type], names, rest)
    // JSON leaves out what is undefined.
    returned.push(...(await tx.manager.query<Returned[]>(statement, [JSON.stringify(group)])))
  }
  return returned
}

/** Groups rows by the columns that are set in them. */
function alike(rows: readonly Record<string, unknown>[]): Map<string, object[]> {
  const groups = new Map<string, object[]>()
  for (const row of rows) {
    const names = Object.keys(row)
      .filter((name) => row[name] !== undefined)
      .join(', ')
    const group = groups.get(names)
    if (group) group.push(row)
    else groups.set(names, [row])
  }
  return groups
}

/**
 * Calls `work` with all entries. If it fails, tries halves of them, until the entry at fault is alone.
 * @param refuse called with that entry and the reason
 */
export async function together<Entry>(
  tx: Transaction,
  entries: readonly Entry[],
  work: (entries: readonly Entry[]) => Promise<void>,
  refuse: (entry: Entry, reason: string) => void,
): Promise<void> {
  if (entries.length === 0) return
  try {
    await tx.attempt(() => work(entries))
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    if (entries.length === 1) return refuse(entries[0]!, reason)
    const half = Math.ceil(entries.length / 2)
    await together(tx, entries.slice(0, half), work, refuse)
    await together(tx, entries.slice(half), work, refuse)
  }
}

/**
 * Divides entries into rounds: no two in a round share a key, and entries that share one keep their order. So one
 * statement can write a round as if each row came alone.
 */
export function* roundsOf<Entry>(entries: readonly Entry[], keysOf: (entry: Entry) => string[]): Generator<Entry[]> {
  for (let left = entries; left.length > 0;) {
    const seen = new Set<string>()
    const round: Entry[] = []
    const later: Entry[] = []
    for (const entry of left) {
      const keys = keysOf(entry)
      ;(keys.some((key) => seen.has(key)) ? later : round).push(entry)
      for (const key of keys) seen.add(key)
    }
    yield round
    left = later
  }
}

/** Why the row is refused, by the database or by a hook; undefined if the row is not at fault. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof ApiError || error instanceof HttpException) {
    const { status, message } = asApiError(error)
    return status < 500 ? message : undefined
  }
  const constraint = violatedConstraint(error) ?? ''
  if (sqlState(error) === '23503') return `refers to something that does not exist (${constraint})`
  if (sqlState(error) === '23505') return taken[constraint] ?? `taken by another row (${constraint})`
  return /^22|^23/.test(sqlState(error) ?? '') ? `a value does not fit (${sqlState(error)})` : undefined
}

/** What is taken, by the name of the violated constraint. */
const taken: Record<string, string> = {
  projects_id: 'another project has this number here',
  organization_slugs_pkey: 'another organization has this slug',
  personal_api_keys_secure_value_key: 'another key has this value',
}
