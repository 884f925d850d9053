import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { RateLimits } from '../../../access/index.js'

/** Counts callers without a key by their address, as the ScopesGuard does. */
@Injectable()
export class CountedByAddress implements CanActivate {
  constructor(private readonly limits: RateLimits) {}

  /** @throws {ApiError} 429 */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.limits.countAddress(context.switchToHttp().getRequest<FastifyRequest>().ip)
    return true
  }
}
