import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import type { Actor } from '../platform/events/domain-event.js'
import { noKeyAccess } from './access.errors.js'
import type { MembershipLevel } from './membership-level.js'

/** What a request proves who it is with. Rules ask what it may do, never what kind it is. */
export interface Credential {
  readonly kind: 'personal_key' | 'system' | `extension:${string}`
  /** What the log names it by; never a secret. */
  readonly id: string
  /** `*` is all. */
  readonly scopes: readonly string[]
  /** The organizations that it reaches; empty: all of its user's. */
  readonly organizations: readonly string[]
  /** The projects that it reaches; empty: all. */
  readonly projects: readonly number[]
  /** The most that it lets its user do, whatever their own level. Left out: as much as they may themselves. */
  readonly level?: MembershipLevel
}

/** Who is calling, with what, and from where. Comes first in every service method. */
export interface Caller extends Actor {
  readonly user: { readonly id: number; readonly uuid: string } | null
  readonly credential: Credential
}

/** A caller who was let into an organization: the one named by the route. */
export interface OrganizationCaller extends Caller {
  readonly organization_id: string
  readonly level: MembershipLevel
}

/** The person who is calling. @throws {ApiError} 403 for a credential that no person stands behind */
export function personOf<User>({ user }: { readonly user: User | null }): User {
  if (!user) throw noKeyAccess()
  return user
}

/** Gives a handler its caller, as the ScopesGuard established it. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<{ caller: Caller }>().caller,
)
