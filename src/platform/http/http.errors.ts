import { defineError } from './error-catalogue.js'

export const notFound = defineError({ status: 404, type: 'invalid_request', code: 'not_found', detail: 'Not found.' })

export const endpointNotFound = defineError({
  status: 404,
  type: 'invalid_request',
  code: 'not_found',
  detail: 'Endpoint not found.',
})

export const methodNotAllowed = defineError({
  status: 405,
  type: 'invalid_request',
  code: 'method_not_allowed',
  detail: 'Method "{method}" not allowed.',
})

export const notAcceptable = defineError({
  status: 406,
  type: 'invalid_request',
  code: 'not_acceptable',
  detail: 'Could not satisfy the request Accept header.',
})

export const malformedRequest = defineError({
  status: 400,
  type: 'invalid_request',
  code: 'parse_error',
  detail: 'Malformed request.',
})

export const invalidHost = defineError({
  status: 400,
  type: 'invalid_request',
  code: 'parse_error',
  detail: 'The Host header is missing, given twice, or it names no host.',
})

export const malformedJson = defineError({
  status: 400,
  type: 'invalid_request',
  code: 'parse_error',
  detail: 'JSON parse error - {where}',
})

export const tooManyFormFields = defineError({
  status: 400,
  type: 'invalid_request',
  code: 'parse_error',
  detail: 'The form has more than 1000 fields.',
})

export const tooManyObjects = defineError({
  status: 400,
  type: 'invalid_request',
  code: 'parse_error',
  detail: 'The body has more than 1000 nested objects.',
})

export const unsupportedMediaType = defineError({
  status: 415,
  type: 'invalid_request',
  code: 'unsupported_media_type',
  detail: 'Unsupported media type "{mediaType}" in request.',
})

export const unsupportedEncoding = defineError({
  status: 415,
  type: 'invalid_request',
  code: 'unsupported_encoding',
  detail: 'Unsupported content encoding "{encoding}" in request. Send the body as it is.',
})

export const expectationFailed = defineError({
  status: 417,
  type: 'invalid_request',
  code: 'expectation_failed',
  detail: 'Of the expectations of the Expect header only "100-continue" is supported.',
})

export const bodyTooLarge = defineError({
  status: 413,
  type: 'invalid_request',
  code: 'request_too_large',
  detail: 'The request body is larger than 1 MiB.',
})

export const requestHeadersTooLarge = defineError({
  status: 431,
  type: 'invalid_request',
  code: 'request_headers_too_large',
  detail: 'The headers of the request, its URL included, are larger than 16 KiB.',
})

export const requestTimedOut = defineError({
  status: 408,
  type: 'invalid_request',
  code: 'request_timeout',
  detail: 'The request did not arrive in time.',
})

export const throttled = defineError({
  status: 429,
  type: 'throttled_error',
  code: 'throttled',
  detail: 'Request was throttled. Expected available in {seconds} seconds.',
})

export const serverError = defineError({
  status: 500,
  type: 'server_error',
  code: 'error',
  detail: 'A server error occurred.',
})

export const unavailable = defineError({
  status: 503,
  type: 'server_error',
  code: 'unavailable',
  detail: 'The service is temporarily unavailable. Please try again.',
})
