import { Injectable } from '@nestjs/common'
import { Database } from '../platform/database/database.js'
import { pagesByKey } from '../platform/database/pages-by-key.js'
import { NIL_UUID } from '../platform/values/stored-values.js'
import { closedToKeys, EXEMPT, type Standing } from './access.queries.js'
import { type Caller, type Credential, personOf } from './caller.js'
import { Entitlements, type FeatureKey } from './entitlements.js'

/** Without this feature, the setting keeps nobody out. */
const FEATURE: FeatureKey = 'organization_security_settings'

/** An organization may keep the personal API keys of its members out: `members_can_use_personal_api_keys`. */
@Injectable()
export class PersonalKeyRule {
  constructor(
    private readonly entitlements: Entitlements,
    private readonly database: Database,
  ) {}

  /** Whether the organization of a standing keeps the credential out. Nobody is asked where its setting does not. */
  keepsOut({ kind }: Credential, standing: Standing): boolean | Promise<boolean> {
    if (standing.members_can_use_personal_api_keys || kind !== 'personal_key') return false
    return (standing.level ?? 0) < EXEMPT && this.entitlements.has(standing.wanted_organization_id!, FEATURE)
  }

  /**
   * The organizations of the caller whose setting has no effect, for {@link keepsOutSql}. Null: it has no effect in any.
   * One statement more, and only where organizations differ in their features.
   */
  async unaffected(caller: Caller): Promise<readonly string[] | null> {
    const { credential } = caller
    if (credential.kind !== 'personal_key') return null
    const { ofAll } = this.entitlements
    if (ofAll) return ofAll.some(({ key }) => key === FEATURE) ? [] : null
    const { id: user_id } = personOf(caller)
    const pages = pagesByKey(
      NIL_UUID,
      (after, limit) => this.database.query(closedToKeys, [user_id, credential.organizations, after, limit]),
      ({ id }) => id,
    )
    const lacking: string[] = []
    for await (const page of pages) {
      const ids = page.map(({ id }) => id)
      const features = await this.entitlements.featuresOf(ids)
      lacking.push(...ids.filter((id) => !features.get(id)?.some(({ key }) => key === FEATURE)))
    }
    return lacking
  }
}
