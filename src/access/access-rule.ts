import { applyDecorators, type CanActivate, SetMetadata, type Type, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiExtension, ApiParam } from '@nestjs/swagger'
import { ApiErrors } from '../platform/http/api-errors.js'
import { notFound } from '../platform/http/http.errors.js'
import {
  insufficientLevel,
  invalidKey,
  missingScope,
  notAuthenticated,
  organizationNotFound,
  projectScopedKey,
} from './access.errors.js'
import { KEY_SCHEME } from './key-scheme.js'
import { MembershipLevel } from './membership-level.js'
import type { During } from './organization-state.js'
import { isOfUser, type Scope } from './scopes.js'

export const ACCESS_RULE = 'polity:access-rule'

/** Who may call a route. */
export type AccessRule =
  | { kind: 'public' }
  /** For people with a session; an API key is refused whatever its scopes. */
  | { kind: 'no-keys' }
  /** For a caller with credentials of another kind, which the named guard checks. */
  | { kind: 'guarded'; by: string }
  | ScopeRule

export interface ScopeRule {
  kind: 'scope'
  /** Without it any valid key may call. */
  scope?: Scope
  level: MembershipLevel
  /** Where a request names the organization it is about. */
  organization: OrganizationPlace
  /** States of the organization in which the route still answers. */
  during: During
}

/** Where a request names the organization it is about, as the guard reads it. */
export type OrganizationPlace =
  { in: 'path'; parameter: string; itself: boolean } | { in: 'body'; field: string } | { in: 'nowhere' }

/**
 * Where a request names its organization, as a rule says it: `path` is the parameter `:organization_id`; `itself` the
 * parameter `:id` of a route that is the organization's own, such as `api/organizations/:id`; `body` the field
 * `organization_id`; `none` is for a route that is about no organization. A parameter of another name is given.
 */
export type OrganizationOption = 'path' | 'itself' | 'body' | 'none' | { parameter: string }

const unauthenticated = [notAuthenticated(), invalidKey({ place: 'Authorization header' })]

interface ScopeOptions {
  /** The lowest level of the caller in the organization. Default: member. */
  level?: MembershipLevel
  /** Default: `path`. */
  organization?: OrganizationOption
  /** Default: in none of them. */
  during?: ScopeRule['during']
}

/**
 * Opens a route to API keys that carry `scope`, held by members of the organization at `level` or above. The application
 * refuses to start where this and the route's path do not fit, and while a route has neither this nor another rule.
 * @example @RequiresScope('organization:read', { level: MembershipLevel.Owner, organization: { parameter: 'org' } })
 */
export const RequiresScope = (
  scope: Scope,
  { level = MembershipLevel.Member, organization = 'path', during = [] }: ScopeOptions = {},
) => {
  const place = placeOf(organization)
  return applyDecorators(
    SetMetadata(ACCESS_RULE, { kind: 'scope', scope, level, organization: place, during } satisfies AccessRule),
    ApiBearerAuth(KEY_SCHEME),
    ApiExtension('x-required-scope', scope),
    ApiExtension('x-required-level', level),
    ...(place.in === 'path'
      ? [ApiParam({ name: place.parameter, description: 'The organization’s id, or `@current`.' })]
      : []),
    ApiErrors(
      ...unauthenticated,
      missingScope({ scope }),
      ...(level > MembershipLevel.Member ? [insufficientLevel()] : []),
      ...(isOfUser(scope) && place.in === 'nowhere' ? [] : [projectScopedKey()]),
      ...(place.in === 'nowhere' ? [] : [missingAt(place)()]),
    ),
  )
}

/** Opens a route to any valid key, whatever its scopes: what a key may always learn about itself. */
export const AnyKey = () =>
  applyDecorators(
    SetMetadata(ACCESS_RULE, {
      kind: 'scope',
      level: MembershipLevel.Member,
      organization: placeOf('none'),
      during: [],
    } satisfies AccessRule),
    ApiBearerAuth(KEY_SCHEME),
    ApiErrors(...unauthenticated),
  )

/** Opens a route to everyone. */
export const Public = () => SetMetadata(ACCESS_RULE, { kind: 'public' } satisfies AccessRule)

/** Opens a route to callers that `guard` lets in, such as a provider with its own tokens. Personal API keys do not work there. */
export const GuardedBy = (guard: Type<CanActivate>) =>
  applyDecorators(SetMetadata(ACCESS_RULE, { kind: 'guarded', by: guard.name } satisfies AccessRule), UseGuards(guard))

/** Closes a route to every key, whatever its scopes. */
export const NoKeys = () => SetMetadata(ACCESS_RULE, { kind: 'no-keys' } satisfies AccessRule)

function placeOf(organization: OrganizationOption): OrganizationPlace {
  if (organization === 'none') return { in: 'nowhere' }
  if (organization === 'body') return { in: 'body', field: 'organization_id' }
  if (organization === 'path') return { in: 'path', parameter: 'organization_id', itself: false }
  if (organization === 'itself') return { in: 'path', parameter: 'id', itself: true }
  return { in: 'path', parameter: organization.parameter, itself: false }
}

/** The error for a stranger to the organization: the same as for an organization that does not exist. */
export const missingAt = (place: OrganizationPlace): typeof notFound =>
  place.in === 'path' && place.itself ? notFound : organizationNotFound
