import { jsonSql } from '../platform/database/json-sql.js'
import { type NamedQuery, namedQuery, PAGE, wireTime } from '../platform/database/named-query.js'
import { teamJson } from '../projects/index.js'
import { fieldsOf } from '../platform/http/fields.js'
import {
  type BasicOrganizationView,
  type BasicProject,
  type OrganizationView,
  UpdateOrganization,
} from './organization.dto.js'
import type { Organization } from './organization.entity.js'

/** What PATCH writes. */
export const organizationSettings = fieldsOf(UpdateOrganization) as (keyof UpdateOrganization)[]

/**
 * $1 id, $2 name, $3 slug: an organization with every setting at its default, unless the slug is taken or being taken.
 * The slug's foreign key is checked when the whole statement is done.
 */
export const newOrganization = namedQuery<Pick<Organization, 'id' | keyof UpdateOrganization>>(
  'organizations.new',
  `with slug as (
     insert into organization_slugs (slug, organization_id)
     select $3::text, $1::uuid where pg_try_advisory_xact_lock(hashtextextended($3::text, 0)) on conflict do nothing returning slug
   )
   insert into organizations (id, name, slug) select $1::uuid, $2, slug from slug
   returning id, ${organizationSettings.join(', ')}`,
)

/** $1 the organization, then {@link organizationSettings} in their order: all of them, changed or not. */
export const changedOrganization = namedQuery(
  'organizations.change',
  `update organizations set ${organizationSettings.map((field, index) => `${field} = $${index + 2}`).join(', ')},
     updated_at = now()
   where id = $1`,
)

const { literal, plain, text } = jsonSql

/**
 * SQL for the whole representation of the organization `o`, with its `p`rojects, to the `m`ember: a JSON text in wire
 * order, with a hole for the product features. A self-hosted PostHog says 9 for `plugins_access_level`.
 */
const view = jsonSql.object<OrganizationView>({
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
  member_count: `(select count(*) from organization_memberships c where c.organization_id = o.id
    and not exists (select 1 from users u where u.id = c.user_id and not u.is_active))`,
  is_ai_data_processing_approved: literal('o.is_ai_data_processing_approved'),
  default_experiment_stats_method: text('o.default_experiment_stats_method'),
  default_anonymize_ips: literal('o.default_anonymize_ips'),
  default_role_id: plain('o.default_role_id'),
  is_active: literal('o.is_active'),
  is_not_active_reason: text('o.is_not_active_reason'),
  is_pending_deletion: literal('o.deletion_requested_at is not null'),
})

/** The projects of `o`, once for both of their representations. The index has them in order. */
const projects = `cross join lateral (
    select ${jsonSql.array(teamJson)} as teams, ${jsonSql.array(
      jsonSql.object<BasicProject>({
        id: literal('p.id'),
        organization_id: plain('p.organization_id'),
        name: text('p.name'),
      }),
    )} as projects
    from (select * from projects where organization_id = o.id order by id) p
  ) p`

/** $1 the organization, $2 the user whose level it shows. */
export const organizationView = namedQuery<{ view: string }>(
  'organizations.view',
  `select ${view} as view from organizations o ${projects}
   left join organization_memberships m on m.organization_id = o.id and m.user_id = $2
   where o.id = $1`,
)

/** A row of a page: how many there are in all, and one of them. Of an empty page one row without any. */
export interface OrganizationFound {
  count: number
  view: string | null
}

/** $1 the user, $2 the organizations that the key is scoped to. */
const reach = `uo.user_id = $1 and (cardinality($2::uuid[]) = 0 or uo.organization_id = any($2))`

/** LIMIT keeps the planner from reading all organizations there are to join them with a user's few. */
const organizationOf = (entry: string) =>
  `cross join lateral (select * from organizations where id = ${entry}.organization_id limit 1) o`

const counted = (count: string, page: string, order: string) => `select counted.count, shown.view
  from (${count}) counted
  left join lateral (
    select ${view} as view, page.* from (${page}) page ${organizationOf('page')} ${projects}
    left join organization_memberships m on m.organization_id = o.id and m.user_id = $1
  ) shown on true
  order by ${order}`

/** $3 limit, $4 offset. In the order of the directory: its index finds the page, and only the page is read. */
const pageByCreation = (direction: 'asc' | 'desc'): NamedQuery<OrganizationFound> => {
  const order = (row: string) => `${row}.organization_created_at ${direction}, ${row}.organization_id ${direction}`
  return namedQuery(
    `organizations.page_by_creation_${direction}`,
    counted(
      `select count(*)::integer from user_organizations uo where ${reach}`,
      `select uo.* from user_organizations uo where ${reach} order by ${order('uo')} limit $3 offset $4`,
      order('shown'),
    ),
    PAGE,
  )
}

/** $5 the text searched for, or null. A page that only the organizations themselves can choose. */
const pageByContent = (name: string, key: string, direction: 'asc' | 'desc'): NamedQuery<OrganizationFound> => {
  const order = (row: string) => `${row}.key ${direction}, ${row}.organization_id ${direction}`
  return namedQuery(
    `organizations.page_${name}`,
    `with matching as (
       select uo.organization_id, ${key} as key from user_organizations uo ${organizationOf('uo')}
       where ${reach} and ($5::text is null or strpos(lower(o.name), lower($5)) > 0 or strpos(o.slug, lower($5)) > 0)
     ) ${counted(
       'select count(*)::integer from matching',
       `select * from matching order by ${order('matching')} limit $3 offset $4`,
       order('shown'),
     )}`,
    PAGE,
  )
}

/** Pages by `ordering`; the id breaks ties, so that no page repeats or loses an organization. */
export const organizationPages: Record<string, NamedQuery<OrganizationFound>> = {
  created_at: pageByCreation('asc'),
  '-created_at': pageByCreation('desc'),
}

/** The same of those in which a text is found. */
export const organizationSearches: Record<string, NamedQuery<OrganizationFound>> = {
  created_at: pageByContent('searched_by_creation', 'o.created_at', 'asc'),
  '-created_at': pageByContent('searched_by_creation_desc', 'o.created_at', 'desc'),
  name: pageByContent('searched_by_name', 'lower(o.name)', 'asc'),
  '-name': pageByContent('searched_by_name_desc', 'lower(o.name)', 'desc'),
}

/** $1 the user: their organizations in short. */
export const basicOrganizations = namedQuery<BasicOrganizationView>(
  'organizations.basic',
  `select o.id, o.name, o.slug, o.logo_media_id, m.level as membership_level, o.members_can_use_personal_api_keys,
     o.is_active, o.is_not_active_reason, o.deletion_requested_at is not null as is_pending_deletion
   from user_organizations uo ${organizationOf('uo')}
   join organization_memberships m on m.organization_id = o.id and m.user_id = uo.user_id
   where uo.user_id = $1 order by uo.organization_created_at, uo.organization_id`,
)
