import { namedQuery } from '../platform/database/named-query.js'
import type { ProjectView } from './project.dto.js'

/** SQL for PostHog's basic team, of the project `p`. */
export const teamJson = `json_build_object('id', p.id, 'uuid', p.uuid, 'organization', p.organization_id, 'project_id', p.id,
  'api_token', p.api_token, 'name', p.name, 'completed_snippet_onboarding', p.completed_snippet_onboarding,
  'has_completed_onboarding_for', p.has_completed_onboarding_for, 'ingested_event', p.ingested_event,
  'is_demo', p.is_demo, 'timezone', p.timezone, 'access_control', p.access_control)`

const columns = `p.id, p.uuid, p.organization_id as organization, p.api_token, p.name, p.completed_snippet_onboarding,
  p.has_completed_onboarding_for, p.ingested_event, p.is_demo, p.timezone, p.access_control`

/** $1 organization, $2 limit, $3 offset, $4 search or null. A row per project, each with the count of all. */
export const projectsOfOrganization = namedQuery<ProjectView & { total: number }>(
  'projects.of_organization',
  `select ${columns}, count(*) over ()::integer as total from projects p
   where p.organization_id = $1 and ($4::text is null or strpos(lower(p.name), lower($4)) > 0)
   order by p.id limit $2 offset $3`,
)

/**
 * $1 user, $2 limit, $3 offset, $4 search or null, $5 organizations that the key is scoped to (empty: all),
 * $6 whether members' keys can be refused by an organization.
 */
export const projectsOfUser = namedQuery<ProjectView & { total: number }>(
  'projects.of_user',
  `select ${columns}, count(*) over ()::integer as total
   from user_organizations uo
   join organizations o on o.id = uo.organization_id and o.is_active and o.deletion_requested_at is null
   join organization_memberships m on m.organization_id = o.id and m.user_id = uo.user_id
   join projects p on p.organization_id = o.id
   where uo.user_id = $1 and ($4::text is null or strpos(lower(p.name), lower($4)) > 0)
     and (cardinality($5::uuid[]) = 0 or o.id = any($5))
     and (o.members_can_use_personal_api_keys or m.level >= 8 or not $6::boolean)
   order by p.id limit $2 offset $3`,
)
