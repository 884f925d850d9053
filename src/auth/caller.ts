import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import type { MembershipLevel } from './membership-level.js'

/** Who is calling, with which key, under which request id. Comes first in every service method. */
export interface Caller {
  user_id: number
  user_uuid: string
  key: {
    id: string
    scopes: string[]
    scoped_teams: number[]
    scoped_organizations: string[]
  }
  request_id: string
}

/** A caller who was let into an organization: the one named by the route. */
export interface OrganizationCaller extends Caller {
  organization_id: string
  level: MembershipLevel
}

/** Gives a handler its caller, as the ScopesGuard established it. */
export const CurrentCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<{ caller: Caller }>().caller,
)
