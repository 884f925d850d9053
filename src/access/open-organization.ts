import type { Transaction } from '../platform/database/database.js'
import { namedQuery } from '../platform/database/fast-path/named-query.js'
import { organizationNotFound } from './access.errors.js'
import { type OrganizationState, refuseDeactivated, refusePendingDeletion } from './organization-state.js'

/** $1 organization. Waits for transactions that change its state. Rows that refer to it can be added meanwhile. */
const heldState = namedQuery<OrganizationState & { name: string }>(
  'auth.hold_organization',
  `select name, is_active, is_not_active_reason, deletion_requested_at is not null as is_pending_deletion
   from organizations where id = $1 for no key update`,
)

/**
 * Holds an organization until the transaction ends, and refuses what the guard would refuse now: its state may have
 * changed since the guard looked. Comes before the locks of what belongs to the organization.
 * @throws {ApiError} 403 while it is being deleted or is deactivated, 404 when it is gone
 */
export async function holdOpenOrganization(tx: Transaction, organizationId: string): Promise<{ name: string }> {
  const [organization] = await tx.query(heldState, [organizationId])
  if (!organization) throw organizationNotFound()
  refuseDeactivated(organization)
  refusePendingDeletion(organization)
  return organization
}
