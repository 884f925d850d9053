import type { AbstractHttpAdapter } from '@nestjs/core'
import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** The HTTP server of another NestJS application, on Fastify or on Express. */
export type HostAdapter = AbstractHttpAdapter

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Lets another application's server answer requests below `prefix` + `/api` with `handle`, before anything of the
 * application itself sees them: no parser, pipe, guard, interceptor or filter of one reaches the requests of the other.
 * @param isOurs whether `handle` answers a path without the prefix; the application gets all others
 */
export function serveWithin(
  adapter: HostAdapter,
  prefix: string,
  isOurs: (path: string) => boolean,
  handle: Handle,
): void {
  const takes = (request: IncomingMessage): boolean => {
    const url = request.url!
    if (!url.startsWith(`${prefix}/api/`)) return false
    const path = url.slice(prefix.length)
    if (!isOurs(path)) return false
    request.url = path
    return true
  }
  if (adapter.getType() === 'fastify') {
    const server = adapter.getInstance<FastifyInstance>()
    server.addHook('onRequest', (request, reply, done) => {
      if (!takes(request.raw)) return done()
      reply.hijack()
      handle(request.raw, reply.raw)
    })
  } else {
    adapter.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
      if (!takes(request)) return next()
      // Express has already set its own header.
      response.removeHeader('x-powered-by')
      handle(request, response)
    })
  }
}
