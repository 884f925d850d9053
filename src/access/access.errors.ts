import { defineError } from '../platform/http/error-catalogue.js'

const denied = (detail: string) =>
  defineError({ status: 403, type: 'authentication_error', code: 'permission_denied', detail })

/** RFC 6750 section 3: how to authenticate, on every 401. */
export const challenge = { 'www-authenticate': 'Bearer' }

export const notAuthenticated = defineError({
  status: 401,
  type: 'authentication_error',
  code: 'not_authenticated',
  detail: 'Authentication credentials were not provided.',
})

export const invalidKey = defineError({
  status: 401,
  type: 'authentication_error',
  code: 'authentication_failed',
  detail: 'Personal API key found in request {place} is invalid.',
})

/** For authenticators: the credential in a request is not valid, or no longer. */
export const invalidCredentials = defineError({
  status: 401,
  type: 'authentication_error',
  code: 'authentication_failed',
  detail: 'The credentials in this request are invalid or expired.',
})

export const missingScope = denied("API key missing required scope '{scope}'")

export const insufficientLevel = denied('Your organization access level is insufficient.')

export const organizationOutOfScope = denied(
  'API key does not have access to the requested organization: ID {organization_id}.',
)

export const projectScopedKey = denied('API keys with scoped projects are only supported on project-based endpoints.')

export const personalKeysNotAllowed = denied(
  "Organization '{name}' does not allow using personal API keys. Contact an admin to enable personal API keys for this organization.",
)

export const noKeyAccess = denied('This action does not support Personal API Key access')

export const organizationDeactivated = denied('Your organization has been deactivated.{reason}')

export const organizationPendingDeletion = denied('Your organization is being deleted.')

export const organizationNotFound = defineError({
  status: 404,
  type: 'invalid_request',
  code: 'not_found',
  detail: 'Organization not found.',
})

export const noCurrentOrganization = defineError({
  status: 404,
  type: 'invalid_request',
  code: 'not_found',
  detail: 'Current organization not found.',
})
