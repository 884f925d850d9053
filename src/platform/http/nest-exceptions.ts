import { type HttpException } from '@nestjs/common'
import { STATUS_CODES } from 'node:http'
import { ApiError, type ErrorBody } from './error-catalogue.js'

/** PostHog's names for statuses, where they differ from those of HTTP. */
const codes: Record<number, string> = {
  400: 'invalid_input',
  401: 'not_authenticated',
  403: 'permission_denied',
  429: 'throttled',
  500: 'error',
  503: 'unavailable',
}

const types: Record<number, ErrorBody['type']> = {
  400: 'validation_error',
  401: 'authentication_error',
  403: 'authentication_error',
  429: 'throttled_error',
}

/** NestJS's own exceptions, which extensions throw, in the shape of all errors: their status and message stay. */
export function ofNest(exception: HttpException): ApiError {
  const status = exception.getStatus()
  return new ApiError(status, {
    type: types[status] ?? (status >= 500 ? 'server_error' : 'invalid_request'),
    code: exception.errorCode ?? codes[status] ?? nameOf(status).toLowerCase().replaceAll(/\W+/g, '_'),
    detail: messageOf(exception.getResponse()) ?? nameOf(status),
    attr: null,
  })
}

const nameOf = (status: number): string => STATUS_CODES[status] ?? 'Error'

/** The part that clients may see, which an `Error` given as the response is not. If there are several messages, the first. */
function messageOf(response: string | object): string | undefined {
  const message: unknown =
    response instanceof Error ? undefined : ((response as { message?: unknown }).message ?? response)
  const [first] = [message].flat()
  return typeof first === 'string' && first !== '' ? first : undefined
}
