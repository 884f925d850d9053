import { jsonSql } from '../platform/database/json-sql.js'
import { namedQuery, PAGE } from '../platform/database/named-query.js'
import { contains } from '../platform/database/text-search.js'
import type { ProjectView, TeamView } from './project.dto.js'

/** SQL for PostHog's basic team, of the project `p`. */
export const teamJson = jsonSql.object<TeamView>({
  id: jsonSql.literal('p.id'),
  uuid: jsonSql.plain('p.uuid'),
  organization: jsonSql.plain('p.organization_id'),
  project_id: jsonSql.literal('p.id'),
  api_token: jsonSql.text('p.api_token'),
  name: jsonSql.text('p.name'),
  completed_snippet_onboarding: jsonSql.literal('p.completed_snippet_onboarding'),
  has_completed_onboarding_for: jsonSql.literal('p.has_completed_onboarding_for'),
  ingested_event: jsonSql.literal('p.ingested_event'),
  is_demo: jsonSql.literal('p.is_demo'),
  timezone: jsonSql.text('p.timezone'),
  access_control: jsonSql.literal('p.access_control'),
})

/** $1 organization, $2 uuid, $3 name, $4 api token, $5 whether it discards IP addresses. */
export const newProject = namedQuery<{ id: number }>(
  'projects.new',
  `insert into projects (organization_id, uuid, name, api_token, anonymize_ips) values ($1, $2, $3, $4, $5) returning id`,
)

const columns = `p.id, p.uuid, p.organization_id as organization, p.api_token, p.name, p.completed_snippet_onboarding,
  p.has_completed_onboarding_for, p.ingested_event, p.is_demo, p.timezone, p.access_control`

/** $1 organization, $2 limit, $3 offset, $4 search or null. A row per project, each with the count of all. */
export const projectsOfOrganization = namedQuery<ProjectView & { total: number }>(
  'projects.of_organization',
  `select ${columns}, count(*) over ()::integer as total from projects p
   where p.organization_id = $1 and ($4::text is null or ${contains('p.name', '$4')})
   order by p.id limit $2 offset $3`,
  PAGE,
)

/**
 * $1 user, $2 limit, $3 offset, $4 search or null, $5 organizations that the key is scoped to (empty: all),
 * $6 whether members' keys can be refused by an organization. LIMIT and OFFSET keep the planner from reading whole
 * tables to join them with a user's few organizations.
 */
export const projectsOfUser = namedQuery<ProjectView & { total: number }>(
  'projects.of_user',
  `select ${columns}, count(*) over ()::integer as total
   from user_organizations uo
   cross join lateral (select * from organizations where id = uo.organization_id limit 1) o
   cross join lateral (
     select level from organization_memberships where organization_id = o.id and user_id = uo.user_id limit 1
   ) m
   cross join lateral (select * from projects where organization_id = o.id offset 0) p
   where uo.user_id = $1 and o.is_active and o.deletion_requested_at is null and ($4::text is null or ${contains('p.name', '$4')})
     and (cardinality($5::uuid[]) = 0 or o.id = any($5))
     and (o.members_can_use_personal_api_keys or m.level >= 8 or not $6::boolean)
   order by p.id limit $2 offset $3`,
  PAGE,
)
