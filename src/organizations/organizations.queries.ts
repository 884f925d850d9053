import { type NamedQuery, namedQuery, wireTime } from '../platform/database/named-query.js'
import { teamJson } from '../projects/index.js'
import type { BasicOrganizationView, OrganizationView } from './organization.dto.js'

/**
 * SQL for the whole representation of the organization `o`, in wire order, to the member `m`.
 * $1 is the list of product features. A self-hosted PostHog says 9 for `plugins_access_level`.
 */
const view = `json_build_object(
  'id', o.id, 'name', o.name, 'slug', o.slug, 'logo_media_id', o.logo_media_id,
  'created_at', ${wireTime('o.created_at')}, 'updated_at', ${wireTime('o.updated_at')},
  'membership_level', m.level, 'plugins_access_level', 9,
  'teams', (select coalesce(json_agg(${teamJson} order by p.id), '[]') from projects p where p.organization_id = o.id),
  'projects', (
    select coalesce(json_agg(json_build_object('id', p.id, 'organization_id', p.organization_id, 'name', p.name) order by p.id), '[]')
    from projects p where p.organization_id = o.id),
  'available_product_features', $1::json,
  'is_member_join_email_enabled', o.is_member_join_email_enabled,
  'metadata', json_build_object('instance_tag', 'none'),
  'customer_id', o.customer_id, 'enforce_2fa', o.enforce_2fa, 'members_can_invite', o.members_can_invite,
  'members_can_create_projects', o.members_can_create_projects,
  'members_can_use_personal_api_keys', o.members_can_use_personal_api_keys,
  'allow_publicly_shared_resources', o.allow_publicly_shared_resources,
  'member_count', (
    select count(*) from organization_memberships c join users u on u.id = c.user_id and u.is_active
    where c.organization_id = o.id),
  'is_ai_data_processing_approved', o.is_ai_data_processing_approved,
  'default_experiment_stats_method', o.default_experiment_stats_method,
  'default_anonymize_ips', o.default_anonymize_ips, 'default_role_id', o.default_role_id,
  'is_active', o.is_active, 'is_not_active_reason', o.is_not_active_reason,
  'is_pending_deletion', o.deletion_requested_at is not null)`

/** $2 the organization, $3 the user whose level it shows. */
export const organizationView = namedQuery<{ view: OrganizationView }>(
  'organizations.view',
  `select ${view} as view from organizations o
   left join organization_memberships m on m.organization_id = o.id and m.user_id = $3
   where o.id = $2`,
)

const reach = `uo.user_id = $2 and (cardinality($3::uuid[]) = 0 or uo.organization_id = any($3))`

/** A page in the order of the directory: its index alone finds the page, and only the page's organizations are read. */
const pageByCreation = (direction: 'asc' | 'desc'): NamedQuery<{ view: OrganizationView }> =>
  namedQuery(
    `organizations.page_by_creation_${direction}`,
    `select ${view} as view
     from (
       select uo.organization_id, uo.organization_created_at from user_organizations uo where ${reach}
       order by uo.organization_created_at ${direction}, uo.organization_id ${direction} limit $4 offset $5
     ) page
     join organizations o on o.id = page.organization_id
     left join organization_memberships m on m.organization_id = o.id and m.user_id = $2
     order by page.organization_created_at ${direction}, page.organization_id ${direction}`,
  )

const found = `from user_organizations uo join organizations o on o.id = uo.organization_id
  where ${reach} and ($6::text is null or strpos(lower(o.name), lower($6)) > 0 or strpos(o.slug, lower($6)) > 0)`

/** A page that only the organizations themselves can choose: by name, or by what is searched for. */
const pageByContent = (name: string, order: string): NamedQuery<{ view: OrganizationView }> =>
  namedQuery(
    `organizations.page_${name}`,
    `select ${view} as view
     from (select o.* ${found} order by ${order} limit $4 offset $5) o
     left join organization_memberships m on m.organization_id = o.id and m.user_id = $2
     order by ${order}`,
  )

/** Pages by `ordering`; the id breaks ties, so that no page repeats or loses an organization. */
export const organizationPages: Record<string, NamedQuery<{ view: OrganizationView }>> = {
  created_at: pageByCreation('asc'),
  '-created_at': pageByCreation('desc'),
}

/** The same with $6, the text searched for or null. */
export const organizationSearches: Record<string, NamedQuery<{ view: OrganizationView }>> = {
  created_at: pageByContent('searched_by_creation', 'o.created_at, o.id'),
  '-created_at': pageByContent('searched_by_creation_desc', 'o.created_at desc, o.id desc'),
  name: pageByContent('searched_by_name', 'lower(o.name), o.id'),
  '-name': pageByContent('searched_by_name_desc', 'lower(o.name) desc, o.id desc'),
}

/** $1 the user, $2 the organizations that the key is scoped to. */
export const organizationCount = namedQuery<{ count: number }>(
  'organizations.count',
  `select count(*)::integer as count from user_organizations uo
   where uo.user_id = $1 and (cardinality($2::uuid[]) = 0 or uo.organization_id = any($2))`,
)

/** The same with $3, the text searched for. */
export const organizationSearchCount = namedQuery<{ count: number }>(
  'organizations.search_count',
  `select count(*)::integer as count from user_organizations uo join organizations o on o.id = uo.organization_id
   where uo.user_id = $1 and (cardinality($2::uuid[]) = 0 or uo.organization_id = any($2))
     and (strpos(lower(o.name), lower($3)) > 0 or strpos(o.slug, lower($3)) > 0)`,
)

/** $1 the user: their organizations in short. */
export const basicOrganizations = namedQuery<BasicOrganizationView>(
  'organizations.basic',
  `select o.id, o.name, o.slug, o.logo_media_id, m.level as membership_level, o.members_can_use_personal_api_keys,
     o.is_active, o.is_not_active_reason, o.deletion_requested_at is not null as is_pending_deletion
   from user_organizations uo join organizations o on o.id = uo.organization_id
   join organization_memberships m on m.organization_id = o.id and m.user_id = uo.user_id
   where uo.user_id = $1 order by uo.organization_created_at, uo.organization_id`,
)
