import { z } from 'zod'
import type { FeatureKey } from '../access/index.js'
import { jsonSql } from '../platform/database/fast-path/json-sql.js'
import { wireTime } from '../platform/database/fast-path/named-query.js'
import { storedText, storedTime, storedUuid } from '../platform/values/stored-values.js'
import { MAX_NAME_LENGTH, type OrganizationView, type UpdateOrganization } from './organization.dto.js'
import type { Organization } from './organization.entity.js'

/** Writes a field as JSON text, in SQL, from its column in `o` and from SQL for the organization's id. */
type Wire = (column: string, id: string) => string

interface Setting {
  /** The product feature that has to be on, and what it allows, in the words of the refusal. */
  readonly gate?: { readonly feature: FeatureKey; readonly purpose: string }
  readonly isReference?: boolean
}

interface OwnField {
  /** Null: it is not on the wire. */
  readonly wire: Wire | null
  /** Fields with this can be set by admins. */
  readonly setting?: Setting
  /** How an import reads it. Null: an import leaves it out. */
  readonly imported?: z.ZodType | null
}

/** An entry for every column and for every field on the wire. The compiler refuses one that does not match the DTOs. */
export type OwnFields<Columns = Organization> = {
  readonly [Name in keyof Columns | keyof OrganizationView]: OwnField &
    (Name extends keyof OrganizationView ? { wire: Wire } : { wire: null }) &
    (Name extends keyof UpdateOrganization ? { setting: Setting } : { setting?: never }) &
    (Name extends keyof Columns ? { imported: z.ZodType | null } : unknown)
}

const { literal, plain, text } = jsonSql
const time: Wire = (column) => plain(wireTime(column))

const open: Setting = {}
const reference: Setting = { isReference: true }
const gated = (feature: FeatureKey, purpose: string): Setting => ({ gate: { feature, purpose } })

const boolean = z.boolean()

/**
 * An organization's own fields, in wire order. The SQL that reads and writes them, the gates of features and the import
 * come from here. `p` are its projects, `m` is the membership of the reader.
 */
export const ownFields = {
  id: { wire: plain, imported: storedUuid },
  name: { wire: text, setting: open, imported: storedText(MAX_NAME_LENGTH) },
  // An import makes one from the name if it is missing.
  slug: { wire: text, imported: storedText(48).nullish() },
  logo_media_id: { wire: plain, setting: reference, imported: null },
  created_at: { wire: time, imported: storedTime.optional() },
  updated_at: { wire: time, imported: storedTime.optional() },
  membership_level: { wire: () => literal('m.level') },
  // As a self-hosted PostHog says.
  plugins_access_level: { wire: () => `'9'` },
  teams: { wire: () => 'p.teams' },
  projects: { wire: () => 'p.projects' },
  available_product_features: { wire: () => jsonSql.hole },
  is_member_join_email_enabled: { wire: literal, imported: boolean.default(true) },
  metadata: { wire: () => `'{"instance_tag":"none"}'` },
  customer_id: { wire: text, imported: storedText(200).nullish() },
  enforce_2fa: { wire: literal, setting: gated('2fa_enforcement', 'enforce 2FA'), imported: boolean.nullish() },
  members_can_invite: {
    wire: literal,
    setting: gated('organization_invite_settings', 'configure who can send invites'),
    imported: boolean.nullish(),
  },
  members_can_create_projects: {
    wire: literal,
    setting: gated('organization_invite_settings', 'configure who can create projects'),
    imported: boolean.nullish(),
  },
  members_can_use_personal_api_keys: {
    wire: literal,
    setting: gated('organization_security_settings', 'configure personal API key permissions'),
    imported: boolean.default(true),
  },
  allow_publicly_shared_resources: {
    wire: literal,
    setting: gated('organization_security_settings', 'configure public sharing settings'),
    imported: boolean.default(true),
  },
  // Few users are inactive and those have an index of their own, so that the members are counted in theirs alone.
  member_count: {
    wire: (_, id) => `(select count(*) from organization_memberships c where c.organization_id = ${id}
    and not exists (select 1 from users u where u.id = c.user_id and not u.is_active))`,
  },
  is_ai_data_processing_approved: { wire: literal, setting: open, imported: boolean.nullish() },
  default_experiment_stats_method: {
    wire: text,
    setting: open,
    imported: z.enum(['bayesian', 'frequentist', '']).nullish(),
  },
  default_anonymize_ips: { wire: literal, setting: open, imported: boolean.default(false) },
  default_role_id: { wire: plain, setting: reference, imported: null },
  is_active: { wire: literal, imported: boolean.default(true) },
  is_not_active_reason: { wire: text, imported: storedText(200).nullish() },
  is_pending_deletion: { wire: () => literal('o.deletion_requested_at is not null'), imported: boolean.nullish() },
  deletion_requested_at: { wire: null, imported: null },
  custom: { wire: null, imported: null },
} satisfies OwnFields

const entries = Object.entries<OwnField>(ownFields)

/** SQL for the fields of an organization on the wire, as JSON texts by their names. @param id SQL for its id */
export const ownJson = (id: string): Record<string, string> =>
  Object.fromEntries(entries.flatMap(([name, { wire }]) => (wire ? [[name, wire(`o.${name}`, id)]] : [])))

type SettingName = keyof UpdateOrganization

/** The names of what admins may set. */
export const settingNames = entries.flatMap(([name, { setting }]) => (setting ? [name as SettingName] : []))

/** Those that hold the id of something else. */
export const references = settingNames.filter((name) => ownFields[name].setting.isReference)

/** Those that need a product feature. */
export const gatedSettings = settingNames.flatMap((field) => {
  const { gate } = ownFields[field].setting
  return gate ? [{ field, ...gate }] : []
})

type Imported<Fields> = {
  [Name in keyof Fields as Fields[Name] extends { imported: z.ZodType } ? Name : never]: Fields[Name] extends {
    imported: infer Schema
  }
    ? Schema
    : never
}

/** How an import reads what it takes, by name. */
export const importedFields = Object.fromEntries(
  entries.flatMap(([name, { imported }]) => (imported ? [[name, imported]] : [])),
) as Imported<typeof ownFields>
