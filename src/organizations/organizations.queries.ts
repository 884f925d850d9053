import { Injectable } from '@nestjs/common'
import { isAmong, type NamedQuery, namedQuery, PAGE, SEARCH } from '../platform/database/fast-path/named-query.js'
import { contains, ordered } from '../platform/database/text-search.js'
import { nextProjectId } from '../projects/index.js'
import { type BasicOrganizationView, organizationOrderings, type UpdateOrganization } from './organization.dto.js'
import type { Organization } from './organization.entity.js'
import { type OrganizationField, OrganizationFields } from './organization-fields.js'
import { projectsOf, viewOf } from './organization-json.js'
import { settingNames } from './organization-own-fields.js'

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
   returning id, created_at::text as created_at, ${nextProjectId} as project_id, ${settingNames.join(', ')}`,
)

/** $1 organization, $2 slug: takes the slug for it; nothing where it is taken or being taken. */
export const newSlug = namedQuery<{ slug: string }>(
  'organizations.new_slug',
  `insert into organization_slugs (slug, organization_id)
   select $2::text, $1::uuid where pg_try_advisory_xact_lock(hashtextextended($2::text, 0)) on conflict do nothing returning slug`,
)

/** $1 organization, $2 slug. */
export const changedSlug = namedQuery('organizations.change_slug', 'update organizations set slug = $2 where id = $1')

/** $1 the organization, then {@link settingNames} in their order: all of them, changed or not. */
export const changedOrganization = namedQuery(
  'organizations.change',
  `update organizations set ${settingNames.map((field, index) => `${field} = $${index + 2}`).join(', ')},
     updated_at = now()
   where id = $1`,
)

/** $1 the organization, $2 values of fields of plugins, as JSON. */
export const changedFields = namedQuery(
  'organizations.change_fields',
  'update organizations set custom = custom || $2::jsonb, updated_at = now() where id = $1',
)

/** $1 the organization, $2 the user whose level it shows. */
const viewQuery = (fields: readonly OrganizationField[]) =>
  namedQuery<{ view: string }>(
    'organizations.view',
    `select ${viewOf('$1', fields)} as view from organizations o ${projectsOf('$1')}
   left join organization_memberships m on m.organization_id = $1 and m.user_id = $2
   where o.id = $1`,
  )

/** A row of a page: the count of all results, and one result. An empty page has one row without a result. */
export interface OrganizationFound {
  count: number
  view: string | null
}

/** $1 the user, $2 the organizations that the key is scoped to. */
const reach = `uo.user_id = $1 and (cardinality($2::uuid[]) = 0 or uo.organization_id = any($2))`

/** The organizations of a page, which `page` names, with the count of all. */
const shown = (
  fields: readonly OrganizationField[],
  count: string,
  keys: readonly string[],
  order: string,
) => `select counted.count, shown.view
  from (${count}) counted
  left join (
    select ${viewOf('o.id', fields)} as view, ${keys.join(', ')} from organizations o ${projectsOf('o.id')}
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
function pageOfDirectory(
  fields: readonly OrganizationField[],
  name: string,
  terms: readonly Term[],
): NamedQuery<OrganizationFound> {
  return namedQuery(
    name,
    `with page as materialized (
       select uo.organization_id from user_organizations uo where ${reach}
       order by ${orderBy(terms, ({ field }) => `uo.${orders[field].entry}`)} limit $3 offset $4
     ) ${shown(
       fields,
       `select count(*)::integer from user_organizations uo where ${reach}`,
       keysOf(terms),
       byKeys(terms, 'shown'),
     )}`,
    PAGE,
  )
}

/** The same in an order that only the organizations themselves have, or, where `searches`, of those that have the text $5. */
function pageByContent(
  fields: readonly OrganizationField[],
  name: string,
  terms: readonly Term[],
  searches: boolean,
): NamedQuery<OrganizationFound> {
  const found = searches ? `and (${contains('o.name', '$5::text')} or ${contains('o.slug', '$5::text')})` : ''
  const reached = `select uo.organization_id from user_organizations uo where ${reach}`
  return namedQuery(
    name,
    `with matching as (
       select o.id as organization_id, ${keysOf(terms).join(', ')} from organizations o
       where ${isAmong('o.id', reached)} ${found}
     ), page as (
       select organization_id from matching order by ${byKeys(terms, 'matching')} limit $3 offset $4
     ) ${shown(fields, 'select count(*)::integer from matching', keysOf(terms), byKeys(terms, 'shown'))}`,
    SEARCH,
  )
}

/** The statements that answer with organizations, their plugins' fields among the others. */
@Injectable()
export class OrganizationQueries {
  readonly view: ReturnType<typeof viewQuery>
  private readonly pages = new Map<string, { query: NamedQuery<OrganizationFound>; searches: boolean }>()

  constructor(private readonly fields: OrganizationFields) {
    this.view = viewQuery(fields.all)
  }

  /**
   * A page by `ordering`, of fields in `organizationOrderings`. As fields after a unique one do not count, there are no more
   * than a hundred of these statements.
   */
  page(ordering: readonly string[], searches: boolean) {
    const { all } = this.fields
    const terms = termsOf(ordering)
    const name = `organizations.${searches ? 'search' : 'page'}_by_${terms.map(({ field, direction }) => `${field}_${direction}`).join('_')}`
    const known = this.pages.get(name)
    if (known) return known
    const indexed = terms.every(({ field, direction }) => orders[field].entry && direction === terms[0]!.direction)
    const query = indexed && !searches ? pageOfDirectory(all, name, terms) : pageByContent(all, name, terms, searches)
    const page = { query, searches }
    this.pages.set(name, page)
    return page
  }
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
