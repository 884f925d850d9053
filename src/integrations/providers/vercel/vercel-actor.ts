import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { originOf } from '../../../access/index.js'
import { type Actor, systemActor } from '../../../platform/events/domain-event.js'

/** Gives a handler Vercel as the actor, for requests that no user of ours stands behind. */
export const ActingVercel = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const origin = originOf(context.switchToHttp().getRequest<FastifyRequest>())
  return { ...systemActor('vercel'), origin }
})
