import type { IncomingMessage } from 'node:http'
import { randomUUID } from 'node:crypto'

/** The caller's `X-Request-Id` where it is valid, else a new one. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID()
}
