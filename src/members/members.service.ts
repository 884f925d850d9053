import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import { MembershipLevel } from '../auth/index.js'
import { Database, type Transaction } from '../platform/database/database.js'
import { OrganizationMembership } from './organization-membership.entity.js'

/**
 * Who belongs to which organization. The only writer of memberships, because each stands twice: in the organization's
 * own table, and in the directory `user_organizations`, which lists a user's organizations in the order of their pages.
 */
@Injectable()
export class MembersService {
  constructor(private readonly database: Database) {}

  /** Makes the user a member, or gives a member the level. */
  async add(tx: Transaction, organizationId: string, userId: number, level: MembershipLevel): Promise<void> {
    await tx.manager.query(
      `insert into organization_memberships (organization_id, id, user_id, level) values ($1, $2, $3, $4)
       on conflict (organization_id, user_id) do update set level = excluded.level, updated_at = now()`,
      [organizationId, uuidv7(), userId, level],
    )
    await tx.manager.query(
      `insert into user_organizations (user_id, organization_id, organization_created_at)
       select $2, id, created_at from organizations where id = $1 on conflict do nothing`,
      [organizationId, userId],
    )
  }

  /** Ends a membership. The keys of the user lose the organization with it, on the very next request. */
  async remove(organizationId: string, userId: number): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.manager.delete(OrganizationMembership, { organization_id: organizationId, user_id: userId })
      await tx.manager.query('delete from user_organizations where user_id = $2 and organization_id = $1', [
        organizationId,
        userId,
      ])
    })
  }
}
