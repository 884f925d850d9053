import { jsonSql } from '../platform/database/fast-path/json-sql.js'
import { wireTime } from '../platform/database/fast-path/named-query.js'
import { teamJson } from '../projects/index.js'
import type { BasicProject, OrganizationView } from './organization.dto.js'
import type { OrganizationField } from './organization-fields.js'

const { literal, plain, text } = jsonSql

/**
 * SQL for the fields of the organization `o`, with its `p`rojects, to the `m`ember: JSON texts in wire
 * order, with a hole for the product features. A self-hosted PostHog says 9 for `plugins_access_level`.
 * @param id SQL for the organization's id
 */
const ownFields = (id: string): Record<keyof OrganizationView, string> => ({
  id: plain('o.id'),
  name: text('o.name'),
  slug: text('o.slug'),
  logo_media_id: plain('o.logo_media_id'),
  created_at: plain(wireTime('o.created_at')),
  updated_at: plain(wireTime('o.updated_at')),
  membership_level: literal('m.level'),
  plugins_access_level: `'9'`,
  teams: 'p.teams',
  projects: 'p.projects',
  available_product_features: jsonSql.hole,
  is_member_join_email_enabled: literal('o.is_member_join_email_enabled'),
  metadata: `'{"instance_tag":"none"}'`,
  customer_id: text('o.customer_id'),
  enforce_2fa: literal('o.enforce_2fa'),
  members_can_invite: literal('o.members_can_invite'),
  members_can_create_projects: literal('o.members_can_create_projects'),
  members_can_use_personal_api_keys: literal('o.members_can_use_personal_api_keys'),
  allow_publicly_shared_resources: literal('o.allow_publicly_shared_resources'),
  // Few users are inactive and those have an index of their own, so that the members are counted in theirs alone.
  member_count: `(select count(*) from organization_memberships c where c.organization_id = ${id}
    and not exists (select 1 from users u where u.id = c.user_id and not u.is_active))`,
  is_ai_data_processing_approved: literal('o.is_ai_data_processing_approved'),
  default_experiment_stats_method: text('o.default_experiment_stats_method'),
  default_anonymize_ips: literal('o.default_anonymize_ips'),
  default_role_id: plain('o.default_role_id'),
  is_active: literal('o.is_active'),
  is_not_active_reason: text('o.is_not_active_reason'),
  is_pending_deletion: literal('o.deletion_requested_at is not null'),
})

/** The names of an organization's own fields on the wire. */
export const fieldsOfView: readonly string[] = Object.keys(ownFields('o.id'))

/** SQL for the whole representation of the organization `o`, its plugins' fields last. @param id as there */
export const viewOf = (id: string, fields: readonly OrganizationField[]): string =>
  jsonSql.object({ ...ownFields(id), ...Object.fromEntries(fields.map((field) => [field.name, customJson(field)])) })

const customJson = ({ name, initial }: OrganizationField): string =>
  `coalesce((o.custom->'${name}')::text, '${JSON.stringify(initial).replaceAll("'", "''")}')`

/** The projects of an organization, once for both of their representations. The index has them in order. */
export const projectsOf = (id: string) => `cross join lateral (
    select ${jsonSql.array(teamJson)} as teams, ${jsonSql.array(
      jsonSql.object<BasicProject>({
        id: literal('p.id'),
        organization_id: plain('p.organization_id'),
        name: text('p.name'),
      }),
    )} as projects
    from (select * from projects where organization_id = ${id} order by id) p
  ) p`
