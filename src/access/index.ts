export { AccessCache, type AccessSubject } from './access-cache.js'
export {
  AnyKey,
  GuardedBy,
  NoKeys,
  Public,
  RequiresScope,
  type AccessRule,
  type OrganizationOption,
  type OrganizationPlace,
} from './access-rule.js'
export { keyScheme } from './key-scheme.js'
export { AccessModule } from './access.module.js'
export { invalidCredentials } from './access.errors.js'
export { keepsOutSql } from './access.queries.js'
export {
  Authenticator,
  type Authenticated,
  type AuthenticatedCredential,
  type CredentialPlace,
  type RequestHead,
} from './authenticator.js'
export { AUTHENTICATORS, Authenticators } from './authenticators.js'
export { ConfiguredEntitlements } from './configured-entitlements.js'
export { CurrentCaller, personOf, type Caller, type Credential, type OrganizationCaller } from './caller.js'
export {
  Entitlements,
  type FeatureKey,
  type FeaturesById,
  type ProductFeature,
  productFeature,
} from './entitlements.js'
export { holdOpenOrganization } from './open-organization.js'
export { hashKeyValue, maskKeyValue, newKeyValue } from './key-value.js'
export { MembershipLevel } from './membership-level.js'
export { originOf } from './origin.js'
export { refuseDeactivated, refusePendingDeletion } from './organization-state.js'
export { PersonalKeyRule } from './personal-key-rule.js'
export { RouteDeclarations } from './route-declarations.js'
export type { RouteDeclaration } from './route-rule.js'
export { covers, defineScope, type Scope, type ScopeDefinition, Scopes } from './scopes.js'
export { RateLimits } from './rate-limits.js'
