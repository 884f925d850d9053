import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Database, type Transaction } from '../platform/database/database.js'
import { sqlState, violatedConstraint } from '../platform/database/database-errors.js'
import { StartError } from '../platform/start-error.js'

const BATCH = 500
const PROGRESS_EVERY = 5_000

/** What an import did. `refused` says why, by line, and never repeats a hash. */
export interface ImportReport {
  created: Record<string, number>
  unchanged: Record<string, number>
  refused: { line: number; reason: string }[]
}

const text = (max: number) => z.string().max(max)
const time = z.iso.datetime({ offset: true })
const integer = z.number().int().positive().max(2_147_483_647)

/** PostHog's columns, as far as Polity has a place for them. */
const rows = {
  user: z.object({
    id: integer,
    uuid: z.uuid(),
    email: text(254).regex(/@/),
    distinct_id: text(200).nullish(),
    first_name: text(150).default(''),
    last_name: text(150).default(''),
    is_active: z.boolean().default(true),
    is_staff: z.boolean().default(false),
    is_email_verified: z.boolean().nullish(),
    role_at_organization: text(64).nullish(),
    date_joined: time.optional(),
    current_organization_id: z.uuid().nullish(),
    current_team_id: integer.nullish(),
  }),
  organization: z.object({
    id: z.uuid(),
    name: text(64).min(1),
    slug: text(48).min(1),
    customer_id: text(200).nullish(),
    is_member_join_email_enabled: z.boolean().default(true),
    enforce_2fa: z.boolean().nullish(),
    members_can_invite: z.boolean().nullish(),
    members_can_use_personal_api_keys: z.boolean().default(true),
    allow_publicly_shared_resources: z.boolean().default(true),
    is_ai_data_processing_approved: z.boolean().nullish(),
    default_experiment_stats_method: z.enum(['bayesian', 'frequentist', '']).nullish(),
    default_anonymize_ips: z.boolean().default(false),
    is_active: z.boolean().default(true),
    is_not_active_reason: text(200).nullish(),
    created_at: time.optional(),
    updated_at: time.optional(),
  }),
  membership: z.object({
    id: z.uuid(),
    organization_id: z.uuid(),
    user_id: integer,
    level: z.literal([1, 8, 15]),
    joined_at: time.optional(),
  }),
  project: z.object({
    id: integer,
    organization_id: z.uuid(),
    uuid: z.uuid(),
    name: text(200).min(1),
    api_token: text(200).min(1),
    timezone: text(240).default('UTC'),
    is_demo: z.boolean().default(false),
    ingested_event: z.boolean().default(false),
    completed_snippet_onboarding: z.boolean().default(false),
    anonymize_ips: z.boolean().default(false),
    created_at: time.optional(),
  }),
  personal_api_key: z.object({
    id: text(50).min(1),
    user_id: integer,
    label: text(40).min(1),
    secure_value: z
      .string()
      .regex(/^sha256\$[0-9a-f]{64}$/, 'only sha256$<hex> hashes can be imported; roll the key instead'),
    mask_value: text(11).nullish(),
    scopes: z.array(z.string()).nullish(),
    scoped_teams: z.array(integer).nullish(),
    scoped_organizations: z.array(z.uuid()).nullish(),
    created_at: time.optional(),
    last_used_at: time.nullish(),
    last_rolled_at: time.nullish(),
  }),
}

type RowType = keyof typeof rows

/** Where the rows of a type go, and what PostHog's column is called here. */
const tables: Record<RowType, { table: string; columns: (row: Record<string, unknown>) => Record<string, unknown> }> = {
  user: {
    table: 'users',
    columns: ({ current_team_id, ...row }) => ({
      ...row,
      distinct_id: row.distinct_id ?? randomUUID(),
      current_project_id: current_team_id,
    }),
  },
  organization: { table: 'organizations', columns: (row) => row },
  membership: { table: 'organization_memberships', columns: (row) => row },
  project: { table: 'projects', columns: (row) => row },
  personal_api_key: {
    table: 'personal_api_keys',
    columns: (row) => ({
      ...row,
      mask_value: row.mask_value ?? '********',
      scopes: row.scopes ?? [],
      scoped_teams: row.scoped_teams ?? [],
      scoped_organizations: row.scoped_organizations ?? [],
    }),
  },
}

/**
 * Imports an NDJSON export: `{"type": "user" | "organization" | "membership" | "project" | "personal_api_key", …}` a
 * line, what is referred to before what refers to it. Rows that are already there stay as they are, so an import that
 * was cut off is simply run again. A row that cannot be taken is refused alone.
 * @throws {StartError} when the file cannot be read
 */
export async function importPostHog(
  database: Database,
  file: string,
  progress: (lines: number) => void = () => undefined,
): Promise<ImportReport> {
  const zero = () => Object.fromEntries(Object.keys(rows).map((type) => [type, 0])) as Record<string, number>
  const report: ImportReport = { created: zero(), unchanged: zero(), refused: [] }
  let number = 0
  let batch: { line: number; text: string }[] = []
  const flush = async () => {
    // Counted apart, because a transaction that is retried would count twice.
    const done = await database.transaction((tx) => importBatch(tx, batch))
    for (const { type, created, line, reason } of done) {
      if (reason !== undefined) report.refused.push({ line, reason })
      else (created ? report.created : report.unchanged)[type!]!++
    }
    batch = []
  }
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      number++
      if (line.trim()) batch.push({ line: number, text: line })
      if (batch.length === BATCH) await flush()
      if (number % PROGRESS_EVERY === 0) progress(number)
    }
  } catch (error) {
    if (/^E(NOENT|ACCES|ISDIR)$/.test((error as NodeJS.ErrnoException).code ?? ''))
      throw new StartError(`${file} cannot be read: ${(error as Error).message}.`)
    throw error
  }
  await flush()
  await database.dataSource.query(`
    select setval(pg_get_serial_sequence('users', 'id'), greatest((select max(id) from users), nextval(pg_get_serial_sequence('users', 'id')))),
           setval('project_ids', greatest((select max(id) from projects), nextval('project_ids')))`)
  return report
}

interface Outcome {
  line: number
  type?: RowType
  created?: boolean
  reason?: string
}

async function importBatch(tx: Transaction, batch: { line: number; text: string }[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const { line, text } of batch) {
    await tx.manager.query('savepoint line')
    try {
      outcomes.push({ line, ...(await importLine(tx, text)) })
    } catch (error) {
      await tx.manager.query('rollback to savepoint line')
      const reason = reasonOf(error)
      if (reason === undefined) throw error
      outcomes.push({ line, reason })
    }
  }
  return outcomes
}

class Refusal extends Error {}

async function importLine(tx: Transaction, text: string): Promise<{ type: RowType; created: boolean }> {
  const { type, ...given } = parsed(text)
  if (typeof type !== 'string' || !Object.hasOwn(rows, type))
    throw new Refusal(`unknown type; known are ${Object.keys(rows).join(', ')}`)
  const kind = type as RowType
  const checked = rows[kind].safeParse(given)
  if (!checked.success) {
    const { path, message } = checked.error.issues[0]!
    throw new Refusal(`${path.join('.') || 'row'}: ${message}`)
  }
  const { table, columns } = tables[kind]
  const values = Object.entries(columns(checked.data)).filter(([, value]) => value !== undefined)
  const inserted = await tx.manager.query(
    `insert into ${table} (${values.map(([name]) => name).join(', ')}) values (${values.map((_, index) => `$${index + 1}`).join(', ')})
     on conflict (${conflictKey[kind]}) do nothing returning 1`,
    values.map(([, value]) => value),
  )
  const created = inserted.length > 0
  if (created && kind === 'organization') {
    const { slug, id } = checked.data as z.infer<typeof rows.organization>
    await tx.manager.query('insert into organization_slugs (slug, organization_id) values ($1, $2)', [slug, id])
  }
  if (created && kind === 'membership') {
    const { organization_id, user_id } = checked.data as z.infer<typeof rows.membership>
    await tx.manager.query(
      `insert into user_organizations (user_id, organization_id, organization_created_at)
       select $2, id, created_at from organizations where id = $1 on conflict do nothing`,
      [organization_id, user_id],
    )
  }
  return { type: kind, created }
}

/** What makes a row the one that is already there. */
const conflictKey: Record<RowType, string> = {
  user: 'id',
  organization: 'id',
  membership: 'organization_id, user_id',
  project: 'organization_id, id',
  personal_api_key: 'id',
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below, without the line's text, which may hold a hash.
  }
  throw new Refusal('no JSON object')
}

/** Undefined for what is not the row's fault. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof Refusal) return error.message
  const constraint = violatedConstraint(error)
  if (sqlState(error) === '23503') return `refers to something that does not exist (${constraint})`
  if (sqlState(error) === '23505') return `taken by another row (${constraint})`
  return /^22|^23/.test(sqlState(error) ?? '') ? `a value does not fit (${sqlState(error)})` : undefined
}
