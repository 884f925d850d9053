import { oneTimeTokenContext } from '../platform/secrets/one-time-tokens.js'
import { partingContext, sealContext } from './organization-integration.entity.js'

/** What the seal of a value is bound to, and where the value is. */
export interface SealedRow {
  organization_id: string
  id: string
  sealed: string
}

/** Where in the database something is kept that the keyring sealed. */
export interface SealedPlace {
  table: string
  id: string
  organization_id: string
  sealed: string
  /** Which rows of the table hold something sealed. */
  where: string
  /** $1 what to keep instead, $2 the organization, $3 the id. */
  update: string
  context(row: SealedRow): string
}

export const sealedPlaces: readonly SealedPlace[] = [
  {
    table: 'organization_integrations',
    id: 'id',
    organization_id: 'organization_id',
    sealed: 'sensitive_config',
    where: 'sensitive_config is not null',
    update: 'update organization_integrations set sensitive_config = $1 where organization_id = $2 and id = $3::uuid',
    context: sealContext,
  },
  // Integrations of purged organizations, until their providers were told.
  {
    table: 'integration_partings',
    id: 'id',
    organization_id: 'organization_id',
    sealed: 'sealed',
    where: 'sealed is not null',
    update: 'update integration_partings set sealed = $1 where organization_id = $2 and id = $3::uuid',
    context: partingContext,
  },
  // Links that were given out and still work. They belong to no organization yet.
  {
    table: 'one_time_tokens',
    id: 'hash',
    organization_id: 'null::uuid',
    sealed: 'sealed',
    where: `sealed <> '' and expires_at > now()`,
    update: 'update one_time_tokens set sealed = $1 where $2::uuid is null and hash = $3',
    context: ({ id }) => oneTimeTokenContext(id),
  },
]
