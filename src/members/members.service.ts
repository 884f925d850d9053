import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import { AccessCache, MembershipLevel } from '../access/index.js'
import { Database, type Transaction } from '../platform/database/database.js'
import type { OrganizationActor } from '../platform/events/domain-event.js'
import { memberJoined, memberLeft, memberLevelChanged } from './member.events.js'
import { membershipListed, newMembership, organizationCreation } from './members.queries.js'
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

  /**
   * Makes the user a member, or gives a member the level.
   * @param created when the organization was created, as PostgreSQL's text, where the caller knows it
   */
  add(by: OrganizationActor, userId: number, level: MembershipLevel, created?: string): Promise<void> {
    const { organization_id } = by
    return this.database.transaction(async (tx) => {
      this.access.forgetAfter(tx, `user:${userId}`)
      const since = created ?? (await tx.query(organizationCreation, [organization_id]))[0]?.created_at
      const [[joined]] = await Promise.all([
        tx.query(newMembership, [organization_id, uuidv7(), userId, level]),
        tx.query(membershipListed, [organization_id, userId, since]),
      ])
      if (!joined) return this.changeLevel(tx, by, userId, level)
      await tx.publish(memberJoined(by, { item_id: joined.id, payload: { user_id: userId, level } }))
    }, by)
  }

  /** Ends a membership. The keys of the user lose the organization with it, on the very next request. */
  async remove(by: OrganizationActor, userId: number): Promise<void> {
    const { organization_id } = by
    await this.database.transaction(async (tx) => {
      const membership = await tx.lock(OrganizationMembership, { organization_id, user_id: userId })
      if (!membership) return
      this.access.forgetAfter(tx, `user:${userId}`)
      await tx.manager.delete(OrganizationMembership, { organization_id, id: membership.id })
      await tx.manager.query('delete from user_organizations where user_id = $2 and organization_id = $1', [
        organization_id,
        userId,
      ])
      const { id, level } = membership
      await tx.publish(memberLeft(by, { item_id: id, payload: { user_id: userId, level } }))
    }, by)
  }

  private async changeLevel(
    tx: Transaction,
    by: OrganizationActor,
    userId: number,
    level: MembershipLevel,
  ): Promise<void> {
    const { organization_id } = by
    const membership = await tx.lock(OrganizationMembership, { organization_id, user_id: userId })
    if (!membership || membership.level === level) return
    const { id } = membership
    await tx.manager.update(OrganizationMembership, { organization_id, id }, { level, updated_at: () => 'now()' })
    const changes = { level: { before: membership.level, after: level } }
    await tx.publish(memberLevelChanged(by, { item_id: id, payload: { user_id: userId }, changes }))
  }
}
