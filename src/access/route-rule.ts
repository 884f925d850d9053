import type { AccessRule, OrganizationPlace, ScopeRule } from './access-rule.js'
import { MembershipLevel } from './membership-level.js'
import type { Scopes } from './scopes.js'

/** A route as it is reached, and the rule that says who may call it. */
export interface RouteDeclaration {
  method: string
  /** `/api/organizations/:id` */
  path: string
  handler: string
  rule: AccessRule
}

/**
 * Compares a route's rule with its path: the guard finds the organization by the rule alone, so a rule that misses the
 * organization in the path would let strangers in.
 * @returns what is wrong and what to write instead, in one sentence; undefined when they fit
 */
export function misfitOf({ method, path, handler, rule }: RouteDeclaration, scopes: Scopes): string | undefined {
  const route = `${handler} (${method} ${path})`
  if (!rule) return `${route} does not say who may call it: add @RequiresScope(...) or @Public().`
  if (rule.kind !== 'scope') return undefined
  const misfit = scopeMisfit(rule, scopes) ?? parameterMisfit(path, rule) ?? levelMisfit(rule)
  return misfit && `${route} ${misfit}`
}

function scopeMisfit({ scope }: ScopeRule, scopes: Scopes): string | undefined {
  if (scope === undefined || scopes.isDeclared(scope)) return undefined
  return `asks for the scope "${scope}", which no plugin declares: use one of ${scopes.list.join(', ')}, or declare it with defineScope(...) in @PolityPlugin.`
}

function parameterMisfit(path: string, { organization }: ScopeRule): string | undefined {
  const named = organizationIn(path)
  if (named !== undefined && !/^:\w+$/.test(named))
    return `can be reached for any organization through "${named}": name the organization with a parameter of its own, as in api/organizations/:organization_id.`
  const parameter = named?.slice(1)
  const said = organization.in === 'path' ? organization.parameter : undefined
  if (parameter !== undefined && parameter !== said)
    return `has the organization in its path as :${parameter}, but its rule does not say so: write ${howToSay(parameter)} in @RequiresScope(...).`
  if (said !== undefined && !path.split('/').includes(`:${said}`))
    return `does not have the parameter :${said} in its path, by which its rule finds the organization: write organization: { parameter: '…' } with the name it has in @RequiresScope(...), or organization: 'none' where the route is about no organization.`
  if (isItself(organization) && parameter === undefined)
    return `says organization: 'itself', which is for routes at api/organizations/:id: write organization: { parameter: 'id' } in @RequiresScope(...).`
  return undefined
}

function levelMisfit({ level, during, organization }: ScopeRule): string | undefined {
  if (organization.in !== 'nowhere' || (level === MembershipLevel.Member && during.length === 0)) return undefined
  return `asks for a level or a state, which only an organization gives, but its rule says organization: 'none': say where a request names the organization, as with organization: 'path' or 'body' in @RequiresScope(...).`
}

/** The part of a path that stands for an organization: what follows `api/organizations`, or is called like one. */
function organizationIn(path: string): string | undefined {
  const after = /\/api\/organizations\/([^/]+)/.exec(path)?.[1]
  if (after && /[^\w.-]/.test(after)) return after
  return path.split('/').find((part) => part === ':organization_id')
}

const isItself = (place: OrganizationPlace): boolean => place.in === 'path' && place.itself

const howToSay = (parameter: string): string =>
  parameter === 'organization_id'
    ? `organization: 'path'`
    : parameter === 'id'
      ? `organization: 'itself'`
      : `organization: { parameter: '${parameter}' }`
