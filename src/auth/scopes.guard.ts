import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { FastifyRequest } from 'fastify'
import { Database } from '../platform/database/database.js'
import { bodyField } from '../platform/http/body.js'
import { isUuid } from '../platform/values/stored-values.js'
import { ACCESS_RULE, type AccessRule, missingAt, type OrganizationPlace, type ScopeRule } from './access-rule.js'
import { AccessCache } from './access-cache.js'
import { accessQuery, type AccessRow } from './access.queries.js'
import {
  insufficientLevel,
  invalidKey,
  missingScope,
  noCurrentOrganization,
  noKeyAccess,
  notAuthenticated,
  organizationDeactivated,
  organizationOutOfScope,
  organizationPendingDeletion,
  personalKeysNotAllowed,
  projectScopedKey,
} from './auth.errors.js'
import type { Caller, OrganizationCaller } from './caller.js'
import { findCredentials } from './credentials.js'
import { hashKeyValue } from './key-value.js'
import { KeyUsage } from './key-usage.js'
import { MembershipLevel } from './membership-level.js'
import { ProductFeatures } from './product-features.js'
import { RateLimits } from './rate-limits.js'
import { covers, isOfUser } from './scopes.js'

type GuardedRequest = FastifyRequest & { caller?: Caller | OrganizationCaller }

/**
 * Lets a request through when its key may do what the route declares, in PostHog's order: the key (401), its scope
 * (403), its own organizations and projects (403), the membership (404), the organization's setting for keys (403),
 * the organization's state (403), the caller's level (403).
 */
@Injectable()
export class ScopesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly database: Database,
    private readonly cache: AccessCache,
    private readonly usage: KeyUsage,
    private readonly limits: RateLimits,
    private readonly features: ProductFeatures,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<AccessRule>(ACCESS_RULE, [context.getHandler(), context.getClass()])
    if (rule.kind === 'public' || rule.kind === 'guarded') return true
    const request = context.switchToHttp().getRequest<GuardedRequest>()
    const wanted = wantedOrganization(request, rule.kind === 'scope' ? rule.organization : { in: 'nowhere' })
    const access = await this.authenticate(request, wanted)
    if (rule.kind === 'no-keys') throw noKeyAccess()
    request.caller = this.admit(access, rule, wanted, request.id)
    return true
  }

  private async authenticate(request: FastifyRequest, wanted: WantedOrganization): Promise<AccessRow> {
    const credentials = findCredentials(request)
    const hash = credentials && hashKeyValue(credentials.value)
    await this.limits.count(hash ?? `ip:${request.ip}`)
    if (!credentials || !hash) throw notAuthenticated({}, { headers: challenge })
    const place = wanted.current ? '@current' : (wanted.id ?? '')
    const access = await this.cache.remember(hash, place, async () => {
      const [row] = await this.database.query(accessQuery, [hash, wanted.id ?? null, wanted.current])
      return row
    })
    if (!access) throw invalidKey({ place: credentials.place }, { headers: challenge })
    this.usage.note(access.key_id, access.last_used_at)
    return access
  }

  private admit(access: AccessRow, rule: ScopeRule, wanted: WantedOrganization, requestId: string): Caller {
    if (rule.scope && !covers(access.scopes, rule.scope)) throw missingScope({ scope: rule.scope })
    const caller: Caller = {
      user_id: access.user_id,
      user_uuid: access.user_uuid,
      key: {
        id: access.key_id,
        scopes: access.scopes,
        scoped_teams: access.scoped_teams,
        scoped_organizations: access.scoped_organizations,
      },
      request_id: requestId,
    }
    // What a key may learn of its own user is not an organization's business.
    if (!wanted.named && (!rule.scope || isOfUser(rule.scope))) return caller
    if (access.scoped_teams.length > 0) throw projectScopedKey()
    if (!wanted.named) return caller
    return { ...caller, ...this.enter(access, rule, wanted) }
  }

  private enter(access: AccessRow, rule: ScopeRule, wanted: WantedOrganization) {
    const missing = missingAt(rule.organization)
    const id = access.wanted_organization_id
    if (!id) throw wanted.current ? noCurrentOrganization() : missing()
    if (access.scoped_organizations.length > 0 && !access.scoped_organizations.includes(id)) {
      throw isItself(rule.organization) && !wanted.current ? missing() : organizationOutOfScope({ organization_id: id })
    }
    if (access.level === null) throw missing()
    if (
      !access.members_can_use_personal_api_keys &&
      access.level < MembershipLevel.Admin &&
      this.features.has('organization_security_settings')
    ) {
      throw personalKeysNotAllowed({ name: access.organization_name })
    }
    if (!access.is_active && !rule.during.includes('deactivation')) {
      throw organizationDeactivated({ reason: access.is_not_active_reason ? ` ${access.is_not_active_reason}` : '' })
    }
    if (access.level < rule.level) throw insufficientLevel()
    if (access.is_pending_deletion && !rule.during.includes('deletion')) throw organizationPendingDeletion()
    return { organization_id: id, level: access.level }
  }
}

/** RFC 6750 section 3: how to authenticate, on every 401. */
const challenge = { 'www-authenticate': 'Bearer' }

interface WantedOrganization {
  /** Whether the route names an organization at all. */
  named: boolean
  current: boolean
  /** A UUID, whether or not anything has it. */
  id?: string
}

const isItself = (place: OrganizationPlace): boolean => place.in === 'path' && place.itself

function wantedOrganization(request: FastifyRequest, place: OrganizationPlace): WantedOrganization {
  if (place.in === 'nowhere') return { named: false, current: false }
  const text =
    place.in === 'body'
      ? bodyField(request.body, place.field)
      : (request.params as Record<string, unknown>)[place.parameter]
  if (text === '@current') return { named: true, current: true }
  const id = typeof text === 'string' && isUuid(text) ? text.toLowerCase() : undefined
  return { named: true, current: false, id }
}
