import type { FastifyInstance, FastifyRequest } from 'fastify'
import { notAcceptable } from './http.errors.js'

/** The API answers in JSON: a request that accepts neither it nor anything that covers it gets 406 (RFC 9110, 12.5.1). */
export function registerContentNegotiation(server: FastifyInstance): void {
  server.addHook('preHandler', (request, _reply, done) => done(isAcceptable(request) ? undefined : notAcceptable()))
}

function isAcceptable({ url, headers: { accept } }: FastifyRequest): boolean {
  if (!accept || accept === '*/*' || !url.startsWith('/api/')) return true
  return /^\/api\/(schema|docs)(\/|\?|-|$)/.test(url) || accept.split(',').some(acceptsJson)
}

function acceptsJson(range: string): boolean {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
  if (parameters.some((parameter) => /^q=0(\.0{1,3})?$/.test(parameter))) return false
  return ['*/*', 'application/*', 'application/json'].includes(type)
}
