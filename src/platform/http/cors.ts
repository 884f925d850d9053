import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { FastifyRequest } from 'fastify'
import type { RouteTable } from './route-table.js'

/** Seconds for which a browser may cache a preflight. This is Chromium's maximum. */
const MAX_AGE_SECONDS = 7_200

const EXPOSED_HEADERS = ['X-Request-Id', 'Retry-After']

/**
 * Lets pages of these origins call every route by the methods it has. To all others nothing changes, and neither does a
 * plain OPTIONS.
 */
export function allowOrigins(
  application: NestFastifyApplication,
  origins: readonly string[],
  routes: RouteTable,
): void {
  const optionsFor = ({ url, headers }: FastifyRequest) => {
    const allowed = origins.includes('*') ? '*' : origins.find((origin) => origin === headers.origin)
    if (!headers.origin || !allowed) return { origin: false }
    const methods = routes.methodsAt(url)
    return {
      origin: allowed,
      methods,
      maxAge: MAX_AGE_SECONDS,
      exposedHeaders: EXPOSED_HEADERS,
      preflight: headers['access-control-request-method'] !== undefined && methods.length > 0,
    }
  }
  application.enableCors({ delegator: (request, answer) => answer(null, optionsFor(request)) })
}
