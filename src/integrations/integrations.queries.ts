import { namedQuery, PAGE, wireTime } from '../platform/database/fast-path/named-query.js'
import type { IntegrationView } from './integration.dto.js'

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

/** $1 organization, $2 limit, $3 offset; oldest first. Each row says how many there are in all; of none one row says so. */
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
