import { Injectable } from '@nestjs/common'
import type { Standing } from './access.queries.js'
import type { Credential } from './caller.js'
import { MembershipLevel } from './membership-level.js'
import { ProductFeatures } from './product-features.js'

/** From this level on a member's keys are let in whatever the organization says. */
const EXEMPT = MembershipLevel.Admin

/** An organization may keep the personal API keys of its members out: `members_can_use_personal_api_keys`. */
@Injectable()
export class PersonalKeyRule {
  constructor(private readonly features: ProductFeatures) {}

  /** Whether organizations may keep out this kind of credential at all. */
  concerns({ kind }: Credential): boolean {
    return kind === 'personal_key' && this.features.has('organization_security_settings')
  }

  /** Whether the organization of a standing keeps the credential out. */
  keepsOut(
    credential: Credential,
    { members_can_use_personal_api_keys, level }: Pick<Standing, 'members_can_use_personal_api_keys' | 'level'>,
  ): boolean {
    return !members_can_use_personal_api_keys && (level ?? 0) < EXEMPT && this.concerns(credential)
  }
}

/**
 * {@link PersonalKeyRule.keepsOut} as SQL, of the organization `o`.
 * @param concerned SQL for what `concerns` says
 * @param level SQL for the member's level, or null
 */
export const keepsOutSql = (concerned: string, level: string): string =>
  `(not o.members_can_use_personal_api_keys and ${concerned} and coalesce(${level}, 0) < ${EXEMPT})`
