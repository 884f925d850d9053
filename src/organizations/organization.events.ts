import type { OrganizationCaller } from '../auth/index.js'
import type { DomainEvent } from '../platform/events/domain-event.js'

class OrganizationEvent implements DomainEvent {
  readonly organization_id: string
  readonly payload: Record<string, unknown>

  constructor(
    readonly type: string,
    { organization_id, user_id, request_id }: Pick<OrganizationCaller, 'organization_id' | 'user_id' | 'request_id'>,
    details: Record<string, unknown> = {},
  ) {
    this.organization_id = organization_id
    this.payload = { ...details, user_id, request_id }
  }
}

type Actor = ConstructorParameters<typeof OrganizationEvent>[1]

export const organizationCreated = (caller: Actor, name: string) =>
  new OrganizationEvent('organization.created', caller, { name })

/** `changes`: a field's name with what it was and what it is. */
export const organizationUpdated = (caller: Actor, changes: Record<string, { before: unknown; after: unknown }>) =>
  new OrganizationEvent('organization.updated', caller, { changes })

/** Its owner deleted it; it can be restored until `organization.purged`. */
export const organizationDeleted = (caller: Actor) => new OrganizationEvent('organization.deleted', caller)

export const organizationRestored = (caller: Actor) => new OrganizationEvent('organization.restored', caller)

/** Its grace period is over, and all that belonged to it is gone. Nobody did it. */
export const organizationPurged = (organization_id: string): DomainEvent => ({
  type: 'organization.purged',
  organization_id,
  payload: {},
})
