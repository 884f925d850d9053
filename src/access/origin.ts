import type { FastifyRequest } from 'fastify'
import type { Actor } from '../platform/events/domain-event.js'

const LONGEST_USER_AGENT = 500

/** Where a request comes from, as the log keeps it. */
export const originOf = ({ id, ip, headers }: FastifyRequest): Actor['origin'] => ({
  request_id: id,
  ip,
  user_agent: headers['user-agent']?.slice(0, LONGEST_USER_AGENT) ?? null,
})
