import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import { AccessCache, MembershipLevel } from '../auth/index.js'
import { Database, type Transaction } from '../platform/database/database.js'
import { membershipListed, membershipSet } from './members.queries.js'
import { OrganizationMembership } from './organization-membership.entity.js'

/**
 * Who belongs to which organization. The only writer of memberships, because each stands twice: in the organization's
 * own table, and in the directory `user_organizations`, which lists a user's organizations in the order of their pages.
 */
@Injectable()
export class MembersService {
  constructor(
    private readonly database: Database,
    private readonly access: AccessCache,
  ) {}

  /** Makes the user a member, or gives a member the level. */
  async add(tx: Transaction, organizationId: string, userId: number, level: MembershipLevel): Promise<void> {
    this.access.forgetAfter(tx, `user:${userId}`)
    await Promise.all([
      tx.query(membershipSet, [organizationId, uuidv7(), userId, level]),
      tx.query(membershipListed, [organizationId, userId]),
    ])
  }

  /** Ends a membership. The keys of the user lose the organization with it, on the very next request. */
  async remove(organizationId: string, userId: number): Promise<void> {
    await this.database.transaction(
      async (tx) => {
        this.access.forgetAfter(tx, `user:${userId}`)
        await tx.manager.delete(OrganizationMembership, { organization_id: organizationId, user_id: userId })
        await tx.manager.query('delete from user_organizations where user_id = $2 and organization_id = $1', [
          organizationId,
          userId,
        ])
      },
      { organization_id: organizationId },
    )
  }
}
