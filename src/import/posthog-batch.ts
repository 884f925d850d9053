import type { Transaction } from '../platform/database/database.js'
import { sqlState, violatedConstraint } from '../platform/database/database-errors.js'
import { type ImportedRow, parseRow, Refusal, type Row, type RowType, tables } from './posthog-rows.js'

/** A line of the file that is not blank. */
export interface Line {
  number: number
  text: string
}

/** What became of a line. */
export interface Outcome {
  line: number
  type?: RowType
  created?: boolean
  /** Why it was refused. */
  reason?: string
  /** The id of a user whose own belongs to somebody else here. */
  renumbered?: { from: number; to: number }
}

/**
 * Puts the lines of one file where they belong, a batch at a time. It remembers which user each id of the file stands for:
 * in a database that was in use the same number may be another person, to whom no membership and no key may go.
 */
export class PostHogBatches {
  /** By PostHog's id: who it is in the file, and their id here. */
  private readonly users = new Map<number, { uuid: string; id: number }>()

  /** A line that cannot be taken is refused alone. It may run again when its transaction is retried. */
  async import(tx: Transaction, lines: readonly Line[]): Promise<Outcome[]> {
    const parsed = lines.map(({ number, text }) => ({ number, ...attempt(text) }))
    const projects = await this.ownersOfProjects(tx, parsed)
    const outcomes: Outcome[] = []
    for (const { number, read, reason } of parsed)
      outcomes.push({ line: number, ...(read ? await this.importOne(tx, read, projects) : { reason }) })
    return outcomes
  }

  private async importOne(
    tx: Transaction,
    read: ImportedRow,
    projects: Map<number, string>,
  ): Promise<Omit<Outcome, 'line'>> {
    await tx.manager.query('savepoint line')
    try {
      return { type: read.type, ...(await this.place(tx, read, projects)) }
    } catch (error) {
      await tx.manager.query('rollback to savepoint line')
      const reason = reasonOf(error)
      if (reason === undefined) throw error
      return { reason }
    }
  }

  private async place(tx: Transaction, { type, row }: ImportedRow, projects: Map<number, string>) {
    if (type === 'user') return this.placeUser(tx, row)
    if (type === 'organization') return { created: await placeOrganization(tx, row) }
    if (type === 'membership') return { created: await placeMembership(tx, { ...row, user_id: this.userOf(row) }) }
    if (type === 'personal_api_key')
      return { created: (await insert(tx, type, { ...row, user_id: this.userOf(row) })).length > 0 }
    const owner = projects.get(row.id)
    if (owner !== undefined && owner !== row.organization_id)
      throw new Refusal(`project ${row.id} is another organization’s here`)
    const created = (await insert(tx, type, row)).length > 0
    projects.set(row.id, row.organization_id)
    return { created }
  }

  /** The same person has the same uuid; the number, where it is somebody else's, changes. */
  private async placeUser(tx: Transaction, row: Row<'user'>) {
    if ((this.users.get(row.id) ?? row).uuid !== row.uuid)
      throw new Refusal(`user ${row.id} is somebody else before this line`)
    const [known] = await tx.manager.query('select id from users where uuid = $1', [row.uuid])
    const { id: from, ...others } = row
    const [made] = known ? [] : await insert(tx, 'user', row)
    const [moved] = known || made ? [] : await insert(tx, 'user', others)
    const { id: to } = known ?? made ?? moved
    this.users.set(from, { uuid: row.uuid, id: to })
    return { created: !known, ...(from === to ? {} : { renumbered: { from, to } }) }
  }

  /** @throws {Refusal} for a number that, here, may be anybody's */
  private userOf({ user_id }: { user_id: number }): number {
    const user = this.users.get(user_id)
    if (!user) throw new Refusal(`user ${user_id} is not in this file before this line, or was refused`)
    return user.id
  }

  /** Whose each project of the batch is already: their numbers are one organization's only, and no index says so. */
  private async ownersOfProjects(tx: Transaction, parsed: { read?: ImportedRow }[]): Promise<Map<number, string>> {
    const ids = parsed.flatMap(({ read }) => (read?.type === 'project' ? [read.row.id] : []))
    if (ids.length === 0) return new Map()
    const taken: { id: number; organization_id: string }[] = await tx.manager.query(
      'select id, organization_id from projects where id = any($1)',
      [ids],
    )
    return new Map(taken.map(({ id, organization_id }) => [id, organization_id]))
  }
}

function attempt(text: string): { read?: ImportedRow; reason?: string } {
  try {
    return { read: parseRow(text) }
  } catch (error) {
    return { reason: reasonOf(error)! }
  }
}

/** @returns the row's id, unless it was there already */
function insert<Type extends RowType>(tx: Transaction, type: Type, row: object): Promise<{ id: number }[]> {
  const { table, key, columns } = tables[type]
  const values = Object.entries(columns(row as Row<Type>)).filter(([, value]) => value !== undefined)
  return tx.manager.query(
    `insert into ${table} (${values.map(([name]) => name).join(', ')}) values (${values.map((_, index) => `$${index + 1}`).join(', ')})
     on conflict (${key}) do nothing returning id`,
    values.map(([, value]) => value),
  )
}

async function placeOrganization(tx: Transaction, row: Row<'organization'>): Promise<boolean> {
  const [created] = await insert(tx, 'organization', row)
  if (!created) return false
  await tx.manager.query('insert into organization_slugs (slug, organization_id) values ($1, $2)', [row.slug, row.id])
  return true
}

async function placeMembership(tx: Transaction, row: Row<'membership'>): Promise<boolean> {
  const [created] = await insert(tx, 'membership', row)
  if (!created) return false
  await tx.manager.query(
    `insert into user_organizations (user_id, organization_id, organization_created_at)
     select $2, id, created_at from organizations where id = $1 on conflict do nothing`,
    [row.organization_id, row.user_id],
  )
  return true
}

/** What the row's fault is, in words; undefined for what is not the row's fault. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof Refusal) return error.message
  const constraint = violatedConstraint(error) ?? ''
  if (sqlState(error) === '23503') return `refers to something that does not exist (${constraint})`
  if (sqlState(error) === '23505') return taken[constraint] ?? `taken by another row (${constraint})`
  return /^22|^23/.test(sqlState(error) ?? '') ? `a value does not fit (${sqlState(error)})` : undefined
}

/** What cannot be twice, by the constraint that says so. */
const taken: Record<string, string> = {
  projects_id: 'the number is another project’s here',
  users_email: 'another user has this email address',
  organization_slugs_pkey: 'another organization has this slug',
  personal_api_keys_secure_value_key: 'another key has this value',
}
