import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import type { Actor } from '../platform/events/domain-event.js'
import { noKeyAccess } from './access.errors.js'
import type { MembershipLevel } from './membership-level.js'

/** What a request authenticates with. Rules ask what it may do, never what kind it is. */
export interface Credential {
  readonly kind: 'personal_key' | 'system' | `extension:${string}`
  /** Its id in the event log; never a secret. */
  readonly id: string
  /** `*` means all scopes. */
  readonly scopes: readonly string[]
  /** The organizations that it reaches; empty: all of its user's. */
  readonly organizations: readonly string[]
  /** The projects that it reaches; empty: all. */
  readonly projects: readonly number[]
  /** The highest level that it gives its user. Default: the user's own level. */
  readonly level?: MembershipLevel
}

/** Who is calling, with what, and from where. Comes first in every service method. */
export interface Caller extends Actor {
  readonly user: { readonly id: number; readonly uuid: string } | null
  readonly credential: Credential
}

/** A caller with access to an organization: the one that the route names. */
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
