import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { FastifyRequest } from 'fastify'
import { ACCESS_RULE, type AccessRule, missingAt, type OrganizationPlace, type ScopeRule } from './access-rule.js'
import type { Standing } from './access.queries.js'
import {
  insufficientLevel,
  missingScope,
  noCurrentOrganization,
  noKeyAccess,
  organizationOutOfScope,
  personalKeysNotAllowed,
  projectScopedKey,
} from './access.errors.js'
import { type Access, Authentication, type WantedOrganization, wantedOrganization } from './authentication.js'
import type { Caller, Credential, OrganizationCaller } from './caller.js'
import type { MembershipLevel } from './membership-level.js'
import { originOf } from './origin.js'
import { refuseDeactivated, refusePendingDeletion } from './organization-state.js'
import { PersonalKeyRule } from './personal-key-rule.js'
import { covers, isOfUser } from './scopes.js'

type GuardedRequest = FastifyRequest & { caller?: Caller | OrganizationCaller }

/**
 * Lets a request through when its key may do what the route declares, in PostHog's order: the key or other credential (401), its scope
 * (403), its own organizations and projects (403), the membership (404), the organization's setting for keys (403),
 * the organization's state (403), the caller's level (403).
 */
@Injectable()
export class ScopesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: Authentication,
    private readonly personalKeys: PersonalKeyRule,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<AccessRule>(ACCESS_RULE, [context.getHandler(), context.getClass()])
    if (rule.kind === 'public' || rule.kind === 'guarded') return true
    const request = context.switchToHttp().getRequest<GuardedRequest>()
    const wanted = wantedOrganization(request, rule)
    const access = await this.authentication.authenticate(request, wanted)
    // The log of requests says who it was, also of those who are refused below.
    const caller = (request.caller = callerOf(access, request))
    if (rule.kind === 'no-keys') throw noKeyAccess()
    request.caller = await this.admit(caller, access.standing, rule, wanted)
    return true
  }

  private async admit(
    caller: Caller,
    standing: Standing,
    rule: ScopeRule,
    wanted: WantedOrganization,
  ): Promise<Caller> {
    const { credential } = caller
    if (rule.scope && !covers(credential.scopes, rule.scope)) throw missingScope({ scope: rule.scope })
    // What a key may learn of its own user is not an organization's business.
    if (!wanted.named && (!rule.scope || isOfUser(rule.scope))) return caller
    if (credential.projects.length > 0) throw projectScopedKey()
    if (!wanted.named) return caller
    return { ...caller, ...(await this.enter(credential, standing, rule, wanted)) }
  }

  private async enter(credential: Credential, standing: Standing, rule: ScopeRule, wanted: WantedOrganization) {
    const missing = missingAt(rule.organization)
    const id = standing.wanted_organization_id
    if (!id) throw wanted.current ? noCurrentOrganization() : missing()
    if (credential.organizations.length > 0 && !credential.organizations.includes(id)) {
      throw isItself(rule.organization) && !wanted.current ? missing() : organizationOutOfScope({ organization_id: id })
    }
    if (standing.level === null) throw missing()
    const level = Math.min(standing.level, credential.level ?? standing.level) as MembershipLevel
    if (await this.personalKeys.keepsOut(credential, standing))
      throw personalKeysNotAllowed({ name: standing.organization_name })
    refuseDeactivated(standing, rule.during)
    if (level < rule.level) throw insufficientLevel()
    refusePendingDeletion(standing, rule.during)
    return { organization_id: id, level }
  }
}

const callerOf = ({ standing, credential }: Access, request: FastifyRequest): Caller => ({
  user: { id: standing.user_id, uuid: standing.user_uuid },
  credential,
  origin: originOf(request),
})

const isItself = (place: OrganizationPlace): boolean => place.in === 'path' && place.itself
