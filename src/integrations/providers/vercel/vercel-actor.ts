import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { type Actor, systemActor } from '../../../platform/events/domain-event.js'

/** Vercel, where no person of ours stands behind it. */
export const vercelActor = (request_id?: string): Actor => systemActor('vercel', request_id)

/** Gives a handler Vercel as the one who acts, under the request's id. */
export const ActingVercel = createParamDecorator((_: unknown, context: ExecutionContext) =>
  vercelActor(context.switchToHttp().getRequest<FastifyRequest>().id),
)
