import type { FastifyInstance } from 'fastify'
import { notAcceptable } from './http.errors.js'

/** The API answers in JSON: a request that accepts neither it nor anything that covers it gets 406 (RFC 9110, 12.5.1). */
export function registerContentNegotiation(server: FastifyInstance): void {
  server.addHook('preHandler', async (request) => {
    const accept = request.headers.accept
    if (!accept || !request.url.startsWith('/api/') || /^\/api\/(schema|docs)(\/|\?|-|$)/.test(request.url)) return
    if (!accept.split(',').some(acceptsJson)) throw notAcceptable()
  })
}

function acceptsJson(range: string): boolean {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
  if (parameters.some((parameter) => /^q=0(\.0{1,3})?$/.test(parameter))) return false
  return ['*/*', 'application/*', 'application/json'].includes(type)
}
