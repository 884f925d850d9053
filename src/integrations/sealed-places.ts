import { oneTimeTokenContext } from '../platform/secrets/one-time-tokens.js'
import { partingContext, sealContext } from './integration.entity.js'

/** A sealed value, and the row that its seal is bound to. */
export interface SealedRow {
  organization_id: string
  id: string
  sealed: string
}

/** A place in the database that holds values sealed by the keyring. */
export interface SealedPlace {
  table: string
  id: string
  organization_id: string
  sealed: string
  /** Which rows of the table hold something sealed. */
  where: string
  /** Arrays with an element for each row: $1 new values, $2 organizations, $3 ids, $4 old values. Rows that have changed since stay. */
  update: string
  context: (row: SealedRow) => string
}

export const sealedPlaces: readonly SealedPlace[] = [
  {
    table: 'organization_integrations',
    id: 'id',
    organization_id: 'organization_id',
    sealed: 'sensitive_config',
    where: 'sensitive_config is not null',
    update: `update organization_integrations i set sensitive_config = s.sealed
      from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[]) as s (sealed, organization_id, id, before)
      where i.organization_id = s.organization_id and i.id = s.id and i.sensitive_config = s.before`,
    context: sealContext,
  },
  // Integrations of purged organizations, until their providers were told.
  {
    table: 'integration_partings',
    id: 'id',
    organization_id: 'organization_id',
    sealed: 'sealed',
    where: 'sealed is not null',
    update: `update integration_partings p set sealed = s.sealed
      from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[]) as s (sealed, organization_id, id, before)
      where p.organization_id = s.organization_id and p.id = s.id and p.sealed = s.before`,
    context: partingContext,
  },
  // One-time links that still work. They belong to no organization yet.
  {
    table: 'one_time_tokens',
    id: 'hash',
    organization_id: 'null::uuid',
    sealed: 'sealed',
    where: `sealed <> '' and expires_at > now()`,
    update: `update one_time_tokens t set sealed = s.sealed
      from unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) as s (sealed, organization_id, hash, before)
      where t.hash = s.hash and t.sealed = s.before`,
    context: ({ id }) => oneTimeTokenContext(id),
  },
]
