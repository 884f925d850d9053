import type { OrganizationCaller } from '../auth/index.js'
import type { DomainEvent } from '../platform/events/domain-event.js'

type Actor = Pick<OrganizationCaller, 'organization_id' | 'request_id'> & { user_id?: number | null }

/** What an event says of an integration. A row has these fields too, and others that an event must not hold. */
interface Named {
  id: string
  kind: string
  integration_id: string | null
}

const event = (type: string, { organization_id, user_id, request_id }: Actor, details: object): DomainEvent => ({
  type: `organization_integration.${type}`,
  organization_id,
  payload: { ...details, user_id: user_id ?? null, request_id },
})

/** An integration was connected by a flow of its provider. */
export const integrationInstalled = (
  by: Omit<Actor, 'user_id'> & { created_by_id: number | null },
  { id, kind, integration_id }: Named,
): DomainEvent => event('installed', { ...by, user_id: by.created_by_id }, { id, kind, integration_id })

/** Its provider has to be told how it is configured now. */
export const integrationConfigured = ({
  organization_id,
  id,
  kind,
}: Named & { organization_id: string }): DomainEvent => ({
  type: 'organization_integration.configured',
  organization_id,
  payload: { id, kind },
})

/** An integration is gone from here, with the project-level integrations of its kind. */
export const integrationRemoved = (actor: Actor, { id, kind, integration_id }: Named): DomainEvent =>
  event('removed', actor, { id, kind, integration_id })

/**
 * An integration went with its organization. `sealed` is the integration as it was, secrets included, under
 * `partingContext`: all that is left with which to tell its provider. Null where it could not be opened any more.
 */
export const integrationPurged = (
  { organization_id, id, kind, integration_id }: Named & { organization_id: string },
  details: { bought: boolean; sealed: string | null },
): DomainEvent => ({
  type: 'organization_integration.purged',
  organization_id,
  payload: { id, kind, integration_id, ...details },
})

export const environmentsMapped = (
  actor: Actor,
  id: string,
  environment_mapping: Record<string, number>,
): DomainEvent => event('environments_mapped', actor, { id, environment_mapping })
