import type { Queryable } from '../platform/database/database.js'
import { namedQuery } from '../platform/database/named-query.js'
import { organizationDeactivated, organizationNotFound, organizationPendingDeletion } from './auth.errors.js'

/** What of an organization's state decides on requests. */
export interface OrganizationState {
  is_active: boolean
  is_not_active_reason: string | null
  is_pending_deletion: boolean
}

/** States in which something is possible all the same. */
export type During = readonly ('deletion' | 'deactivation')[]

/** `for share`, so that writes of one organization wait for its deletion, and not for each other. */
const heldOrganization = namedQuery<OrganizationState>(
  'organizations.hold',
  `select is_active, is_not_active_reason, deletion_requested_at is not null as is_pending_deletion
   from organizations where id = $1 for share`,
)

/**
 * Holds an organization as it is until the transaction ends. Every write within an organization begins with this, because
 * the organization may have been deleted since the guard looked.
 * @throws {ApiError} 403 while it is being deleted or is deactivated, 404 when it is gone
 */
export async function holdOrganization(tx: Queryable, organizationId: string): Promise<void> {
  const [state] = await tx.query(heldOrganization, [organizationId])
  if (!state) throw organizationNotFound()
  refuseDeactivated(state)
  refusePendingDeletion(state)
}

/** @throws {ApiError} 403 */
export function refuseDeactivated(state: OrganizationState, during: During = []): void {
  if (state.is_active || during.includes('deactivation')) return
  throw organizationDeactivated({ reason: state.is_not_active_reason ? ` ${state.is_not_active_reason}` : '' })
}

/** @throws {ApiError} 403 */
export function refusePendingDeletion(
  state: Pick<OrganizationState, 'is_pending_deletion'>,
  during: During = [],
): void {
  if (state.is_pending_deletion && !during.includes('deletion')) throw organizationPendingDeletion()
}
