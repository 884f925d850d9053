import { applyDecorators, type CanActivate, SetMetadata, type Type, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiExtension } from '@nestjs/swagger'
import { ApiErrors } from '../platform/http/api-errors.js'
import { notFound } from '../platform/http/http.errors.js'
import {
  insufficientLevel,
  invalidKey,
  missingScope,
  notAuthenticated,
  organizationNotFound,
  projectScopedKey,
} from './auth.errors.js'
import { MembershipLevel } from './membership-level.js'
import type { Scope } from './scopes.js'

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
  /** Left out: any valid key may call. */
  scope?: Scope
  level: MembershipLevel
  /** The path parameter that is the organization itself, rather than what the route is nested in. */
  itself?: string
  /** The field of the body that names the organization, where the path does not. */
  inBody?: string
  /** States of the organization in which the route answers all the same. */
  during: readonly ('deletion' | 'deactivation')[]
}

const unauthenticated = [notAuthenticated(), invalidKey({ place: 'Authorization header' })]

interface ScopeOptions {
  level?: MembershipLevel
  itself?: string
  inBody?: string
  during?: ScopeRule['during']
}

/**
 * Opens a route to API keys that carry `scope`, held by members at `level` or above where the path names an
 * organization. Without this or {@link Public} on every route the application refuses to start.
 */
export const RequiresScope = (
  scope: Scope,
  { level = MembershipLevel.Member, itself, inBody, during = [] }: ScopeOptions = {},
) =>
  applyDecorators(
    SetMetadata(ACCESS_RULE, { kind: 'scope', scope, level, itself, inBody, during } satisfies AccessRule),
    ApiBearerAuth('personal_api_key'),
    ApiExtension('x-required-scope', scope),
    ApiExtension('x-required-level', level),
    ApiErrors(
      ...unauthenticated,
      missingScope({ scope }),
      ...(level > MembershipLevel.Member ? [insufficientLevel()] : []),
      ...(scope.startsWith('user:') ? [] : [projectScopedKey(), itself ? notFound() : organizationNotFound()]),
    ),
  )

/** Opens a route to any valid key, whatever its scopes: what a key may always learn about itself. */
export const AnyKey = () =>
  applyDecorators(
    SetMetadata(ACCESS_RULE, { kind: 'scope', level: MembershipLevel.Member, during: [] } satisfies AccessRule),
    ApiBearerAuth('personal_api_key'),
    ApiErrors(...unauthenticated),
  )

/** Opens a route to everyone. */
export const Public = () => SetMetadata(ACCESS_RULE, { kind: 'public' } satisfies AccessRule)

/** Opens a route to callers that `guard` lets in, such as a provider with its own tokens; personal API keys are no use. */
export const GuardedBy = (guard: Type<CanActivate>) =>
  applyDecorators(SetMetadata(ACCESS_RULE, { kind: 'guarded', by: guard.name } satisfies AccessRule), UseGuards(guard))

/** Closes a route to every key, whatever its scopes. */
export const NoKeys = () => SetMetadata(ACCESS_RULE, { kind: 'no-keys' } satisfies AccessRule)
