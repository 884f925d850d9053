import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isDatabaseUnavailable } from '../database/database-errors.js'
import type { Logger } from '../logging/logger.js'
import type { ErrorBodies } from './error-bodies.js'
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
import { ofNest } from './nest-exceptions.js'
import type { RouteTable } from './route-table.js'

/** Seconds after which a client may try again when the database does not answer. */
const RETRY_AFTER_SECONDS = 5

/** Makes PostHog's error body of whatever was thrown. Unexpected errors are logged in full, and the answer reveals nothing of them. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly routes: RouteTable,
    private readonly logger: Logger,
    private readonly bodies: ErrorBodies,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>()
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    const unrouted = request.is404 && !(thrown instanceof ApiError)
    const methods = unrouted ? this.routes.methodsAt(request.url) : []
    if (request.method === 'OPTIONS' && methods.length > 0) {
      return void reply.status(204).header('allow', methods.join(', ')).send()
    }
    const error = unrouted ? noSuchRoute(request, methods) : toApiError(thrown, request)
    if (error.status >= 500) this.logger.error({ err: thrown, request_id: request.id }, 'request failed')
    void reply
      .status(error.status)
      .headers(error.headers)
      .header('content-type', 'application/json')
      .send(JSON.stringify(this.bodies.of(error, request.url)))
  }
}

function noSuchRoute({ method }: FastifyRequest, methods: string[]): ApiError {
  if (methods.length === 0) return endpointNotFound()
  return methodNotAllowed({ method }, { headers: { allow: methods.join(', ') } })
}

/** A client that hangs up while it sends its body gets no answer, and nothing failed here. */
const toApiError = (thrown: unknown, { raw }: FastifyRequest): ApiError =>
  raw.errored !== null && raw.errored === thrown ? malformedRequest() : asApiError(thrown)

/** The error that the API answers with for whatever was thrown. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  if (thrown instanceof HttpException && !isFastifys(thrown.cause)) return ofNest(thrown)
  if (isDatabaseUnavailable(thrown)) return unavailable({}, { headers: { 'retry-after': String(RETRY_AFTER_SECONDS) } })
  const status = statusOf(thrown)
  if (status === 406) return notAcceptable()
  if (status === 413) return bodyTooLarge()
  if (status !== undefined && status >= 400 && status < 500) return malformedRequest()
  return serverError()
}

/** NestJS wraps what Fastify refuses. */
const isFastifys = (cause: unknown): boolean => cause instanceof Error && cause.name === 'FastifyError'

const statusOf = (thrown: unknown): number | undefined =>
  thrown instanceof HttpException ? thrown.getStatus() : (thrown as { statusCode?: number } | undefined)?.statusCode
