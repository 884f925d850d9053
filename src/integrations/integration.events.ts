import type { OrganizationCaller } from '../auth/index.js'
import type { DomainEvent } from '../platform/events/domain-event.js'

const event = (type: string, caller: OrganizationCaller, details: Record<string, unknown>): DomainEvent => ({
  type,
  organization_id: caller.organization_id,
  payload: { ...details, user_id: caller.user_id, request_id: caller.request_id },
})

/** An integration is gone from here, with the project-level integrations of its kind. */
export const integrationRemoved = (
  caller: OrganizationCaller,
  integration: { id: string; kind: string; integration_id: string | null },
) => event('organization_integration.removed', caller, integration)

export const environmentsMapped = (
  caller: OrganizationCaller,
  id: string,
  environment_mapping: Record<string, number>,
) => event('organization_integration.environments_mapped', caller, { id, environment_mapping })
