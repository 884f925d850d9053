import { organizationDeactivated, organizationPendingDeletion } from './access.errors.js'

/** What of an organization's state decides on requests. */
export interface OrganizationState {
  is_active: boolean
  is_not_active_reason: string | null
  is_pending_deletion: boolean
}

/** States in which something is possible all the same. */
export type During = readonly ('deletion' | 'deactivation')[]

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
