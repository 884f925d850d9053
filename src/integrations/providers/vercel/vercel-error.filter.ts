import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { asApiError } from '../../../platform/http/error-filter.js'
import type { Logger } from '../../../platform/logging/logger.js'
import { LOGGER } from '../../../platform/logging/logger.token.js'

/** Makes Vercel's error body of whatever was thrown: `{"error": {"code", "message", "user": {"message", "url"}}}`. */
@Catch()
export class VercelErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>()
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    const { status, body, headers } = asApiError(thrown)
    if (status >= 500) this.logger.error({ err: thrown, request_id: request.id }, 'request failed')
    const message = body.attr ? `${body.attr}: ${body.detail}` : body.detail
    const code = status >= 500 ? 'internal_error' : 'request_failed'
    void reply
      .status(status)
      .headers(headers)
      .send({ error: { code, message, user: { message, url: null } } })
  }
}
