import { jsonSql } from '../platform/database/fast-path/json-sql.js'
import {
  isAmong,
  type NamedQuery,
  namedQuery,
  PAGE,
  SEARCH,
  wireTime,
} from '../platform/database/fast-path/named-query.js'
import { contains, ordered } from '../platform/database/text-search.js'
import { nextProjectId, teamJson } from '../projects/index.js'
import { fieldsOf } from '../platform/http/dto-shape.js'
import {
  type BasicOrganizationView,
  type BasicProject,
  organizationOrderings,
  type OrganizationView,
  UpdateOrganization,
} from './organization.dto.js'
import type { Organization } from './organization.entity.js'

/** What PATCH writes. */
export const organizationSettings = fieldsOf(UpdateOrganization) as readonly (keyof UpdateOrganization)[]

/**
 * An organization just made: its settings, as PostgreSQL's text, which keeps the microseconds, when that was, and an id
 * for its first project.
 */
export type NewOrganization = Pick<Organization, 'id' | keyof UpdateOrganization> & {
  created_at: string
  project_id: number
}

/** $1 id, $2 name, $3 slug: an organization with every setting at its default. */
export const newOrganization = namedQuery<NewOrganization>(
  'organizations.new',
  `insert into organizations (id, name, slug) values ($1, $2, $3)
   returning id, created_at::text as created_at, ${nextProjectId} as project_id, ${organizationSettings.join(', ')}`,
)

/** $1 organization, $2 slug: takes the slug for it; nothing where it is taken or being taken. */
export const newSlug = namedQuery<{ slug: string }>(
  'organizations.new_slug',
  `insert into organization_slugs (slug, organization_id)
   select $2::text, $1::uuid where pg_try_advisory_xact_lock(hashtextextended($2::text, 0)) on conflict do nothing returning slug`,
)

/** $1 organization, $2 slug. */
export const changedSlug = namedQuery('organizations.change_slug', 'update organizations set slug = $2 where id = $1')

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
 * @param id SQL for the organization's id
 */
const viewOf = (id: string) =>
  jsonSql.object<OrganizationView>({
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

/** The projects of an organization, once for both of their representations. The index has them in order. */
const projectsOf = (id: string) => `cross join lateral (
    select ${jsonSql.array(teamJson)} as teams, ${jsonSql.array(
      jsonSql.object<BasicProject>({
        id: literal('p.id'),
        organization_id: plain('p.organization_id'),
        name: text('p.name'),
      }),
    )} as projects
    from (select * from projects where organization_id = ${id} order by id) p
  ) p`

/** $1 the organization, $2 the user whose level it shows. */
export const organizationView = namedQuery<{ view: string }>(
  'organizations.view',
  `select ${viewOf('$1')} as view from organizations o ${projectsOf('$1')}
   left join organization_memberships m on m.organization_id = $1 and m.user_id = $2
   where o.id = $1`,
)

/** A row of a page: how many there are in all, and one of them. Of an empty page one row without any. */
export interface OrganizationFound {
  count: number
  view: string | null
}

/** $1 the user, $2 the organizations that the key is scoped to. */
const reach = `uo.user_id = $1 and (cardinality($2::uuid[]) = 0 or uo.organization_id = any($2))`

/** The organizations of a page, which `page` names, with the count of all. */
const shown = (count: string, keys: readonly string[], order: string) => `select counted.count, shown.view
  from (${count}) counted
  left join (
    select ${viewOf('o.id')} as view, ${keys.join(', ')} from organizations o ${projectsOf('o.id')}
    left join organization_memberships m on m.organization_id = o.id and m.user_id = $1
    where ${isAmong('o.id', 'select organization_id from page')}
  ) shown on true
  order by ${order}`

/** A term of an order, as SQL of the organization `o`, and where the directory's indexes have it, of its entry `uo`. */
const orders: Record<(typeof organizationOrderings)[number], { content: string; entry?: string; unique: boolean }> = {
  created_at: { content: 'o.created_at', entry: 'organization_created_at', unique: false },
  id: { content: 'o.id', entry: 'organization_id', unique: true },
  name: { content: ordered('o.name'), unique: false },
  slug: { content: ordered('o.slug'), unique: true },
}

interface Term {
  field: keyof typeof orders
  direction: 'asc' | 'desc'
}

/** Up to the first field that no two organizations share; without one the id ends it, so that no page repeats or loses any. */
function termsOf(ordering: readonly string[]): Term[] {
  const terms = ordering.map((term): Term => ({
    field: term.replace(/^-/, '') as Term['field'],
    direction: term.startsWith('-') ? 'desc' : 'asc',
  }))
  const last = terms.findIndex(({ field }) => orders[field].unique)
  return last < 0 ? [...terms, { field: 'id', direction: terms.at(-1)!.direction }] : terms.slice(0, last + 1)
}

const orderBy = (terms: readonly Term[], column: (term: Term, index: number) => string): string =>
  terms.map((term, index) => `${column(term, index)} ${term.direction}`).join(', ')

const keysOf = (terms: readonly Term[]) => terms.map(({ field }, index) => `${orders[field].content} as key_${index}`)

const byKeys = (terms: readonly Term[], row: string) => orderBy(terms, (_, index) => `${row}.key_${index}`)

/** $3 limit, $4 offset. In the order of the directory: its index finds the page, and only the page is read. */
function pageOfDirectory(name: string, terms: readonly Term[]): NamedQuery<OrganizationFound> {
  return namedQuery(
    name,
    `with page as materialized (
       select uo.organization_id from user_organizations uo where ${reach}
       order by ${orderBy(terms, ({ field }) => `uo.${orders[field].entry}`)} limit $3 offset $4
     ) ${shown(
       `select count(*)::integer from user_organizations uo where ${reach}`,
       keysOf(terms),
       byKeys(terms, 'shown'),
     )}`,
    PAGE,
  )
}

/** The same in an order that only the organizations themselves have, or, where `searches`, of those that have the text $5. */
function pageByContent(name: string, terms: readonly Term[], searches: boolean): NamedQuery<OrganizationFound> {
  const found = searches ? `and (${contains('o.name', '$5::text')} or ${contains('o.slug', '$5::text')})` : ''
  const reached = `select uo.organization_id from user_organizations uo where ${reach}`
  return namedQuery(
    name,
    `with matching as (
       select o.id as organization_id, ${keysOf(terms).join(', ')} from organizations o
       where ${isAmong('o.id', reached)} ${found}
     ), page as (
       select organization_id from matching order by ${byKeys(terms, 'matching')} limit $3 offset $4
     ) ${shown('select count(*)::integer from matching', keysOf(terms), byKeys(terms, 'shown'))}`,
    SEARCH,
  )
}

const pages = new Map<string, { query: NamedQuery<OrganizationFound>; searches: boolean }>()

/**
 * A page by `ordering`, of fields in `organizationOrderings`. As fields after a unique one do not count, there are no more
 * than a hundred of these statements.
 */
export function organizationPage(ordering: readonly string[], searches: boolean) {
  const terms = termsOf(ordering)
  const name = `organizations.${searches ? 'search' : 'page'}_by_${terms.map(({ field, direction }) => `${field}_${direction}`).join('_')}`
  const known = pages.get(name)
  if (known) return known
  const indexed = terms.every(({ field, direction }) => orders[field].entry && direction === terms[0]!.direction)
  const query = indexed && !searches ? pageOfDirectory(name, terms) : pageByContent(name, terms, searches)
  const page = { query, searches }
  pages.set(name, page)
  return page
}

/** What operators see of an organization in the list of all. */
export type OrganizationSummary = Pick<Organization, 'id' | 'slug' | 'name' | 'is_active' | 'deletion_requested_at'>

/** $1 an id, $2 how many: the organizations behind it. */
export const organizationsAfter = namedQuery<OrganizationSummary>(
  'organizations.after',
  `select id, slug, name, is_active, deletion_requested_at from organizations where id > $1 order by id limit $2`,
  PAGE,
)

/** $1 the user: their organizations in short. */
export const basicOrganizations = namedQuery<BasicOrganizationView>(
  'organizations.basic',
  `select o.id, o.name, o.slug, o.logo_media_id, m.level as membership_level, o.members_can_use_personal_api_keys,
     o.is_active, o.is_not_active_reason, o.deletion_requested_at is not null as is_pending_deletion
   from organizations o join organization_memberships m on m.organization_id = o.id and m.user_id = $1
   where ${isAmong('o.id', 'select organization_id from user_organizations where user_id = $1')}
   order by o.created_at, o.id`,
  SEARCH,
)
