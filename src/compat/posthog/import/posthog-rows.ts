import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { importedFields } from '../../../organizations/organization-own-fields.js'
import {
  storedEmail,
  storedText as text,
  storedTime as time,
  storedUuid,
} from '../../../platform/values/stored-values.js'

const integer = z.number().int().positive().max(2_147_483_647)

/** The columns of PostHog’s that Polity stores. */
export const rows = {
  user: z.object({
    id: integer,
    uuid: storedUuid,
    email: storedEmail,
    distinct_id: text(200).nullish(),
    first_name: text(150).default(''),
    last_name: text(150).default(''),
    is_active: z.boolean().default(true),
    is_staff: z.boolean().default(false),
    is_email_verified: z.boolean().nullish(),
    role_at_organization: text(64).nullish(),
    date_joined: time.optional(),
    current_organization_id: storedUuid.nullish(),
    current_team_id: integer.nullish(),
  }),
  organization: z.object(importedFields),
  membership: z.object({
    id: storedUuid,
    organization_id: storedUuid,
    user_id: integer,
    level: z.literal([1, 8, 15]),
    joined_at: time.optional(),
  }),
  project: z.object({
    id: integer,
    organization_id: storedUuid,
    uuid: storedUuid,
    name: text(200),
    api_token: text(200),
    timezone: text(240).default('UTC'),
    is_demo: z.boolean().default(false),
    ingested_event: z.boolean().default(false),
    completed_snippet_onboarding: z.boolean().default(false),
    anonymize_ips: z.boolean().default(false),
    created_at: time.optional(),
  }),
  personal_api_key: z.object({
    id: text(50),
    user_id: integer,
    label: text(40),
    secure_value: z
      .string()
      .regex(/^sha256\$[0-9a-f]{64}$/, 'only sha256$<hex> hashes can be imported; roll the key instead'),
    mask_value: text(11).nullish(),
    scopes: z.array(text(100)).nullish(),
    scoped_teams: z.array(integer).nullish(),
    scoped_organizations: z.array(storedUuid).nullish(),
    created_at: time.optional(),
    last_used_at: time.nullish(),
    last_rolled_at: time.nullish(),
  }),
}

export type RowType = keyof typeof rows
/** In an order in which rows come after those they refer to. */
export const rowTypes = Object.keys(rows) as RowType[]
export type Row<Type extends RowType> = z.infer<(typeof rows)[Type]>

/** A parsed line of the file. */
export type ImportedRow = { [Type in RowType]: { type: Type; row: Row<Type> } }[RowType]

/** Why a line is refused. */
export class Refusal extends Error {}

/** @throws {Refusal} without the line's text, which may hold a hash */
export function parseRow(line: string): ImportedRow {
  const { type, ...given } = parseObject(line)
  if (typeof type !== 'string' || !Object.hasOwn(rows, type))
    throw new Refusal(`unknown type; known are ${rowTypes.join(', ')}`)
  const checked = rows[type as RowType].safeParse(given)
  if (checked.success) return { type, row: checked.data } as ImportedRow
  const { path, message } = checked.error.issues[0]!
  throw new Refusal(`${path.join('.') || 'row'}: ${message}`)
}

/** @throws {Refusal} */
export function parseObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new Refusal('no JSON object')
}

/** Maps PostHog’s columns to ours. An undefined value leaves the column’s default. */
export const columns: { [Type in RowType]: (row: Row<Type>) => Record<string, unknown> } = {
  user: ({ current_team_id, ...row }) => ({
    ...row,
    distinct_id: row.distinct_id ?? randomUUID(),
    current_project_id: current_team_id,
  }),
  // Its grace period begins here: PostHog does not say when it was deleted.
  organization: ({ is_pending_deletion, ...row }) => ({
    ...row,
    deletion_requested_at: is_pending_deletion ? new Date() : undefined,
  }),
  membership: (row) => row,
  project: (row) => row,
  personal_api_key: (row) => ({
    ...row,
    mask_value: row.mask_value ?? '********',
    scopes: row.scopes ?? [],
    scoped_teams: row.scoped_teams ?? [],
    scoped_organizations: row.scoped_organizations ?? [],
  }),
}
