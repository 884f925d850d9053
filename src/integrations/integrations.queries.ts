import { namedQuery, PAGE, wireTime } from '../platform/database/fast-path/named-query.js'
import type { IntegrationView } from './integration.dto.js'
import type { OrganizationIntegration } from './integration.entity.js'

const columns = `i.id, i.kind, i.integration_id,
  case when i.sync_state is null then i.config else i.config || jsonb_build_object('sync', jsonb_build_object(
    'state', i.sync_state, 'last_error', i.sync_error, 'synced_at', ${wireTime('i.synced_at')})) end as config,
  ${wireTime('i.created_at')} as created_at, ${wireTime('i.updated_at')} as updated_at,
  case when u.id is not null then json_build_object('id', u.id, 'uuid', u.uuid, 'distinct_id', u.distinct_id,
    'first_name', u.first_name, 'last_name', u.last_name, 'email', u.email, 'is_email_verified', u.is_email_verified,
    'hedgehog_config', null, 'role_at_organization', u.role_at_organization) end as created_by`

/** $1 organization, $2 integration. */
export const integrationView = namedQuery<IntegrationView>(
  'integrations.view',
  `select ${columns} from organization_integrations i left join users u on u.id = i.created_by_id
   where i.organization_id = $1 and i.id = $2`,
)

/** $1 organization, $2 limit, $3 offset; oldest first. Each row has the count of all; if there are none, one row says so. */
export const integrationPage = namedQuery<{ count: number } & (IntegrationView | { id: null })>(
  'integrations.page',
  `select counted.count, shown.*
   from (select count(*)::integer as count from organization_integrations where organization_id = $1) counted
   left join lateral (
     select ${columns} from organization_integrations i left join users u on u.id = i.created_by_id
     where i.organization_id = $1 order by i.id limit $2 offset $3
   ) shown on true
   order by shown.id`,
  PAGE,
)

/** $1 kind, $2 id at the provider: the directory's entry. The integration may no longer exist. */
export const integrationEntry = namedQuery<Pick<OrganizationIntegration, 'organization_id' | 'id'>>(
  'integrations.entry',
  'select organization_id, id from integration_directory where kind = $1 and integration_id = $2',
)

/** $1 kind and id at the provider. */
export const lockedIntegrationId = namedQuery(
  'integrations.hold_id',
  'select pg_advisory_xact_lock(hashtextextended($1, 0))',
)

/** $1 organization, $2 integration. */
export const integrationRow = namedQuery<OrganizationIntegration>(
  'integrations.by_id',
  'select * from organization_integrations where organization_id = $1 and id = $2',
)

/** $1 organization, $2 integration, $3 the integration as it was, secrets included, sealed; null where it cannot be opened. */
export const newParting = namedQuery(
  'integrations.new_parting',
  'insert into integration_partings (organization_id, id, sealed) values ($1, $2, $3)',
)

/** $1 organization, $2 integration. */
export const partingOf = namedQuery<{ sealed: string | null }>(
  'integrations.parting',
  'select sealed from integration_partings where organization_id = $1 and id = $2',
)

/** $1 organization, $2 integration. */
export const endParting = namedQuery(
  'integrations.end_parting',
  'delete from integration_partings where organization_id = $1 and id = $2',
)
