import { defineError } from '../../../platform/http/error-catalogue.js'

const unauthenticated = (detail: string) =>
  defineError({ status: 401, type: 'authentication_error', code: 'authentication_failed', detail })
const forbidden = (detail: string) =>
  defineError({ status: 403, type: 'authentication_error', code: 'permission_denied', detail })
const invalid = (detail: string) =>
  defineError({ status: 400, type: 'validation_error', code: 'invalid_input', detail })
const missing = (detail: string) => defineError({ status: 404, type: 'invalid_request', code: 'not_found', detail })

export const missingToken = unauthenticated('Missing Token for Vercel request')
export const missingAuthType = unauthenticated('Missing or invalid X-Vercel-Auth header')
export const invalidToken = unauthenticated('Invalid {kind} authentication token')
export const tokensUnverifiable = defineError({
  status: 503,
  type: 'server_error',
  code: 'unavailable',
  detail: 'Vercel’s keys cannot be fetched at the moment, so tokens cannot be checked. Please try again.',
})
export const authTypeNotAllowed = forbidden(
  `Auth type '{kind}' not allowed for this endpoint. Supported types: {allowed}`,
)
export const adminRequired = forbidden(`Action '{action}' requires ADMIN role. Current role: {role}`)
export const installationMismatch = forbidden('Installation ID mismatch')

export const invalidInstallationId = invalid('Invalid installation ID')
export const invalidResourceId = invalid('Invalid Resource ID')
export const foreignResource = invalid('Resource does not belong to this installation.')
export const unknownPlan = invalid('There is no billing plan "{plan}".')
export const unknownProductId = invalid('There is no product "{product}" here.')
export const installationNotFound = missing('Installation not found')
export const resourceNotFound = missing('Resource not found')
export const productNotFound = missing('Product not found')
export const installationLinked = defineError({
  status: 409,
  type: 'invalid_request',
  code: 'conflict',
  detail: 'An existing account is linked to this installation. Disconnect it there first.',
})
export const installationRemoved = defineError({
  status: 409,
  type: 'invalid_request',
  code: 'conflict',
  detail: 'This installation was removed after this token was issued.',
})

export const invalidSsoRequest = invalid('The sign-in request from Vercel is not valid: {field}.')
export const ssoFailed = unauthenticated('Vercel authentication failed')
export const ticketExpired = invalid(
  'This sign-in has expired or was used already. Open the product from Vercel again.',
)
export const otherAccount = forbidden(
  'This sign-in is for another account. Sign in with the address that Vercel knows.',
)
export const missingCode = invalid('Vercel sent no code. Start linking from Vercel again.')
export const foreignConfiguration = invalid(
  'Vercel granted access to another installation than the one in this request. Start linking from Vercel again.',
)
export const linkExpired = invalid('Session expired or invalid. Please try linking again from Vercel.')
export const alreadyLinked = invalid(
  'This organization already has a Vercel integration. Please unlink the existing one first or choose a different organization.',
)
