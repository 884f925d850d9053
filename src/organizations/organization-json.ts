import { jsonSql } from '../platform/database/fast-path/json-sql.js'
import { teamJson } from '../projects/index.js'
import type { BasicProject } from './organization.dto.js'
import type { OrganizationField } from './organization-fields.js'
import { ownJson } from './organization-own-fields.js'

const { literal, plain, text } = jsonSql

/** SQL for the whole representation of the organization `o`, its plugins' fields last. @param id SQL for its id */
export const viewOf = (id: string, fields: readonly OrganizationField[]): string =>
  jsonSql.object({ ...ownJson(id), ...Object.fromEntries(fields.map((field) => [field.name, customJson(field)])) })

/** The organization's id, which comes first in what {@link viewOf} writes. */
export const idIn = (view: string): string => view.slice(ID_AT, ID_AT + 36)

const ID_AT = '{"id":"'.length

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
