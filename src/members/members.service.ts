import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import { AccessCache, MembershipLevel } from '../access/index.js'
import { HookChain, type HookedMember } from '../hooks/index.js'
import { Database, type Transaction } from '../platform/database/database.js'
import type { OrganizationActor } from '../platform/events/domain-event.js'
import { memberJoined, memberLeft, memberLevelChanged } from './member.events.js'
import { heldForHooks, membershipListed, membershipOf, newMembership, organizationCreation } from './members.queries.js'
import { OrganizationMembership } from './member.entity.js'

/**
 * Who belongs to which organization. The only writer of memberships, because each stands twice: in the organization's
 * own table, and in the directory `user_organizations`, which lists a user's organizations in the order of their pages.
 */
@Injectable()
export class MembersService {
  constructor(
    private readonly database: Database,
    private readonly access: AccessCache,
    private readonly hooks: HookChain,
  ) {}

  /**
   * Makes the user the owner of an organization that was just created. It has no members yet, so nothing has to be checked.
   * @param created when it was created, as PostgreSQL's text
   */
  found(by: OrganizationActor, userId: number, created: string): Promise<void> {
    const [id, level] = [uuidv7(), MembershipLevel.Owner]
    return this.database.transaction(async (tx) => {
      tx.publish(memberJoined(by, { item_id: id, payload: { user_id: userId, level } }))
      await this.insert(tx, by, { id, userId, level, created })
    }, by)
  }

  /** Asks the hooks whether the user may own an organization that was just made. Comes before {@link found}. */
  async askToFound(tx: Transaction, by: OrganizationActor, user_id: number): Promise<void> {
    await this.hooks.run('beforeJoin', tx, by, { user_id, level: MembershipLevel.Owner })
  }

  /** Makes the user a member, or gives a member the level. */
  add(by: OrganizationActor, userId: number, level: MembershipLevel): Promise<void> {
    return this.database.transaction(async (tx) => {
      if (this.hooks.has('beforeJoin')) await this.askToJoin(tx, by, { user_id: userId, level })
      const id = uuidv7()
      const [organization] = await tx.query(organizationCreation, [by.organization_id])
      const isNew = await this.insert(tx, by, { id, userId, level, created: organization?.created_at })
      if (!isNew) return this.changeLevel(tx, by, userId, level)
      tx.publish(memberJoined(by, { item_id: id, payload: { user_id: userId, level } }))
    }, by)
  }

  /** Ends a membership. The keys of the user lose the organization with it, on the very next request. */
  async remove(by: OrganizationActor, userId: number): Promise<void> {
    const { organization_id } = by
    await this.database.transaction(async (tx) => {
      const isHooked = this.hooks.has('beforeRemove')
      // Lock the organization before the membership, as joining does: two orders of these locks could deadlock.
      if (isHooked) await tx.query(heldForHooks, [organization_id])
      const membership = await tx.lock(OrganizationMembership, { organization_id, user_id: userId })
      if (!membership) return
      if (isHooked) await this.hooks.run('beforeRemove', tx, by, { user_id: userId, level: membership.level })
      this.access.forgetAfter(tx, `user:${userId}`)
      await tx.manager.delete(OrganizationMembership, { organization_id, id: membership.id })
      await tx.manager.query('delete from user_organizations where user_id = $2 and organization_id = $1', [
        organization_id,
        userId,
      ])
      const { id, level } = membership
      tx.publish(memberLeft(by, { item_id: id, payload: { user_id: userId, level } }))
    }, by)
  }

  /** @returns false for someone who is a member */
  private async insert(
    tx: Transaction,
    { organization_id }: OrganizationActor,
    { id, userId, level, created }: { id: string; userId: number; level: MembershipLevel; created?: string },
  ): Promise<boolean> {
    this.access.forgetAfter(tx, `user:${userId}`)
    const [joined] = await Promise.all([
      tx.query(newMembership, [organization_id, id, userId, level]),
      tx.query(membershipListed, [organization_id, userId, created]),
    ])
    return joined.length > 0
  }

  /**
   * Asks the hooks about somebody who is not a member yet. Holds the organization: if two join at once, the
   * hooks see the first when they are asked about the second.
   * @throws what a hook vetoes with
   */
  async askToJoin(tx: Transaction, by: OrganizationActor, member: HookedMember): Promise<void> {
    const { organization_id } = by
    const [, [membership]] = await Promise.all([
      tx.query(heldForHooks, [organization_id]),
      tx.query(membershipOf, [organization_id, member.user_id]),
    ])
    if (!membership) await this.hooks.run('beforeJoin', tx, by, member)
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
    tx.publish(memberLevelChanged(by, { item_id: id, payload: { user_id: userId }, changes }))
  }
}
