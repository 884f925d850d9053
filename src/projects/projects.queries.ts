import { keepsOutSql } from '../access/index.js'
import { jsonSql } from '../platform/database/fast-path/json-sql.js'
import { isAmong, type NamedQuery, namedQuery, PAGE, SEARCH } from '../platform/database/fast-path/named-query.js'
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

/** SQL for the id of a new project. Taken in advance, so that other statements need not wait for the project's row. */
export const nextProjectId = `nextval('project_ids')::integer`

export const takeProjectId = namedQuery<{ id: number }>('projects.take_id', `select ${nextProjectId} as id`)

/** $1 organization, $2 id, $3 uuid, $4 name, $5 api token, $6 whether it discards IP addresses. */
export const newProject = namedQuery(
  'projects.new',
  `insert into projects (organization_id, id, uuid, name, api_token, anonymize_ips) values ($1, $2, $3, $4, $5, $6)`,
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

/** A row of a page with the count of all; one row without a project where the page is empty. */
export type ProjectFound = { total: number } & { [Field in keyof ProjectView]: ProjectView[Field] | null }

/** True of an organization in which something can keep a key out. Few are, and those have an index of their own. */
const RESTRICTED = '(not o.is_active or o.deletion_requested_at is not null or not o.members_can_use_personal_api_keys)'

const keptOut = keepsOutSql(
  '$5',
  '(select level from organization_memberships m where m.organization_id = o.id and m.user_id = $1)',
)

/** $1 user, $4 organizations that the key is scoped to (empty: all): the organizations that it reaches. */
const REACH = `select organization_id from user_organizations
  where user_id = $1 and (cardinality($4::uuid[]) = 0 or organization_id = any($4))`

/**
 * $1 user, $2 limit, $3 offset, $4 organizations that the key is scoped to (empty: all), $5 the organizations
 * whose setting for keys has no effect: `PersonalKeyRule.unaffected`. Counts and sorts in indexes alone, and reads the projects of the page only.
 */
const pageOfUser = (name: string, matching: string): NamedQuery<ProjectFound> =>
  namedQuery(
    name,
    `with reachable as (
       select p.organization_id, p.id from projects p
       where ${isAmong('p.organization_id', REACH)} and ${matching}
         and not exists (
           select 1 from organizations o where o.id = p.organization_id and ${RESTRICTED}
             and (not o.is_active or o.deletion_requested_at is not null or ${keptOut}))
     ), page as (
       select organization_id, id from reachable order by id limit $2 offset $3
     )
     select counted.total, shown.* from (select count(*)::integer as total from reachable) counted
     left join (
       select ${columns} from projects p
       where ${isAmong('p.id', 'select id from page')} and ${isAmong('p.organization_id', 'select organization_id from page')}
     ) shown on true
     order by shown.id`,
    SEARCH,
  )

export const projectsOfUser = pageOfUser('projects.of_user', 'true')

/** The same, limited to projects whose name contains $6. */
export const projectsOfUserSearched = pageOfUser('projects.of_user_searched', contains('p.name', '$6'))
