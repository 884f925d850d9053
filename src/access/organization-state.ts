import { organizationDeactivated, organizationPendingDeletion } from './access.errors.js'

/** The parts of an organization's state that decide on requests. */
export interface OrganizationState {
  is_active: boolean
  is_not_active_reason: string | null
  is_pending_deletion: boolean
}

/** States in which an action is still possible. */
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
