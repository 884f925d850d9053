import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isDatabaseUnreachable } from '../database/database-errors.js'
import type { Logger } from '../logging/logger.js'
import { ApiError } from './error-catalogue.js'
import {
  bodyTooLarge,
  endpointNotFound,
  malformedRequest,
  methodNotAllowed,
  notAcceptable,
  serverError,
  unavailable,
} from './http.errors.js'
import type { RouteTable } from './route-table.js'

/** Seconds after which a client may try again when the database does not answer. */
const RETRY_AFTER_SECONDS = 5

/** Makes PostHog's error body of whatever was thrown. What nobody expected is logged in full and answered without a word of it. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly routes: RouteTable,
    private readonly logger: Logger,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>()
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    if (request.method === 'OPTIONS' && this.routes.methodsAt(request.url).length > 0) {
      return void reply.status(204).header('allow', this.routes.methodsAt(request.url).join(', ')).send()
    }
    const error = this.toApiError(thrown, request)
    if (error.status >= 500) this.logger.error({ err: thrown, request_id: request.id }, 'request failed')
    void reply
      .status(error.status)
      .headers(error.headers)
      .header('content-type', 'application/json')
      .send(JSON.stringify(error.body))
  }

  private toApiError(thrown: unknown, request: FastifyRequest): ApiError {
    return statusOf(thrown) === 404 ? this.noSuchRoute(request) : asApiError(thrown)
  }

  private noSuchRoute(request: FastifyRequest): ApiError {
    const allowed = this.routes.methodsAt(request.url)
    if (allowed.length === 0) return endpointNotFound()
    return methodNotAllowed({ method: request.method }, { headers: { allow: allowed.join(', ') } })
  }
}

/** The error that the API answers with for whatever was thrown. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  if (isDatabaseUnreachable(thrown)) return unavailable({}, { headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } })
  const status = statusOf(thrown)
  if (status === 406) return notAcceptable()
  if (status === 413) return bodyTooLarge()
  if (status !== undefined && status >= 400 && status < 500) return malformedRequest()
  return serverError()
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof ApiError) return undefined
  return thrown instanceof HttpException ? thrown.getStatus() : (thrown as { statusCode?: number })?.statusCode
}
