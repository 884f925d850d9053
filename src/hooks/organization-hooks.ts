import type { MembershipLevel } from '../access/index.js'
import type { CreateOrganization, Organization, UpdateOrganization } from '../organizations/index.js'
import type { Transaction } from '../platform/database/database.js'
import type { OrganizationActor } from '../platform/events/domain-event.js'

/** Who is about to act in an organization. A service that gets it works in the same transaction. */
export type HookActor = OrganizationActor & { readonly tx: Transaction }

/** The settings that are about to change, and no others. */
export type OrganizationChanges = {
  readonly [Field in keyof UpdateOrganization]: { before: Organization[Field]; after: Organization[Field] }
}

/** Somebody who is about to join an organization or to leave it. */
export interface HookedMember {
  readonly user_id: number
  readonly level: MembershipLevel
}

/**
 * What a plugin does before organizations and their members change. Each hook runs inside the transaction, for every way
 * in: HTTP, the marketplaces, the command line and imports. Hooks run in the plugins’ order.
 *
 * A hook vetoes by throwing an `ApiError` or any `HttpException` of NestJS: everything is rolled back, and the caller gets
 * the body of that error. An import refuses the line with the error’s sentence and goes on; a status of 500 or above stops
 * it.
 *
 * A transaction may run twice, so a hook must have no effect but what it writes through `tx`. All hooks but `beforeCreate`
 * run while the organization’s row is locked: two requests at once cannot both pass a hook that counts, and a slow hook
 * delays others. `actor.user` is null if no person acts, as in imports. Imports run `beforeCreate` and `beforeJoin`. The
 * purge runs no hook.
 * @example
 * ```ts
 * const noSeatLeft = defineError({
 *   status: 400, type: 'validation_error', code: 'no_seat_left', detail: 'This organization has {seats} seats. Buy another.',
 * })
 *
 * @Injectable()
 * export class SeatQuota extends OrganizationHooks {
 *   override async beforeJoin(tx: Transaction, { organization_id }: HookActor) {
 *     if ((await tx.manager.countBy(OrganizationMembership, { organization_id })) >= 10) throw noSeatLeft({ seats: 10 })
 *   }
 * }
 *
 * @PolityPlugin({ hooks: [SeatQuota] })
 * export class SeatsModule {}
 * ```
 */
export abstract class OrganizationHooks {
  /** `organization` is the request. Its row does not exist yet; `actor.organization_id` is its future id. */
  beforeCreate?(tx: Transaction, actor: HookActor, organization: CreateOrganization): Promise<void> | void
  /** Called only if something changes. */
  beforeUpdate?(tx: Transaction, actor: HookActor, changes: OrganizationChanges): Promise<void> | void
  /** Before the organization is marked for deletion. */
  beforeDelete?(tx: Transaction, actor: HookActor): Promise<void> | void
  /** Before a deleted organization is brought back. */
  beforeRestore?(tx: Transaction, actor: HookActor): Promise<void> | void
  /** Before somebody becomes a member, the creator of an organization too; not when the level of a member changes. */
  beforeJoin?(tx: Transaction, actor: HookActor, member: HookedMember): Promise<void> | void
  /** Before a membership ends. */
  beforeRemove?(tx: Transaction, actor: HookActor, member: HookedMember): Promise<void> | void
}
