import type { MembershipLevel } from '../access/index.js'
import type { CreateOrganization, Organization, UpdateOrganization } from '../organizations/index.js'
import type { Transaction } from '../platform/database/database.js'
import type { OrganizationActor } from '../platform/events/domain-event.js'

/** Who is about to do something in an organization. A service that is given it works in the same transaction. */
export type HookActor = OrganizationActor & { readonly tx: Transaction }

/** The settings that are about to change, and nothing else. */
export type OrganizationChanges = {
  readonly [Field in keyof UpdateOrganization]: { before: Organization[Field]; after: Organization[Field] }
}

/** Somebody who is about to join an organization or to leave it. */
export interface HookedMember {
  readonly user_id: number
  readonly level: MembershipLevel
}

/**
 * What a plugin has to say before organizations and their members change. Each hook runs inside the transaction, for every
 * way in: HTTP, the marketplaces, the command line and imports. Hooks run in the order of the plugins.
 *
 * A hook that throws an `ApiError`, or any `HttpException` of NestJS, vetoes: everything is rolled back, and the caller gets
 * the body of that error. An import refuses the line with the sentence of the error and goes on; status 500 and above
 * stop it.
 *
 * A transaction may run twice, so a hook has no effect but what it writes through `tx`. All hooks but `beforeCreate` hold
 * the organization's row, so a hook that counts is never passed by two at once, and a slow one holds up others.
 * `actor.user` is null where no person acts, as in imports. Imported organizations are hooked by `beforeCreate` and
 * `beforeJoin`. The purge asks nobody.
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
  /** `organization` is what was asked for. Its row does not exist yet; `actor.organization_id` is its id to be. */
  beforeCreate?(tx: Transaction, actor: HookActor, organization: CreateOrganization): Promise<void> | void
  /** Called only where something changes. */
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
