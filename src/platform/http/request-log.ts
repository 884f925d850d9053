import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Actor } from '../events/domain-event.js'
import type { Logger } from '../logging/logger.js'

/** A line for each answer: the route's pattern and never the URL, which may hold a key. */
export function registerRequestLog(server: FastifyInstance, logger: Logger): void {
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    done()
  })
  // These lines cannot hold a secret, and redaction would be half of their cost.
  const lines = logger.child({}, { redact: [] })
  server.addHook('onResponse', (request, reply, done) => {
    lines.info(
      {
        request_id: request.id,
        method: request.method,
        route: request.is404 ? null : (request.routeOptions.url ?? null),
        status: reply.statusCode,
        duration_ms: Math.round(reply.elapsedTime * 100) / 100,
        user_id: (request as FastifyRequest & { caller?: Actor }).caller?.user?.id ?? null,
      },
      'request',
    )
    done()
  })
}
