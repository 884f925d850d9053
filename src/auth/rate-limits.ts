import { Injectable } from '@nestjs/common'
import type { Redis } from 'ioredis'
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { Config } from '../platform/config/config.js'
import { throttled } from '../platform/http/http.errors.js'
import { SharedRedis } from '../platform/redis/redis.module.js'

/** PostHog's two limits, burst and sustained, for each key; callers without a key share their address's. */
@Injectable()
export class RateLimits {
  private readonly limiters: RateLimiterAbstract[]
  private readonly redis?: Redis

  constructor(config: Config, { client }: SharedRedis) {
    this.redis = client
    this.limiters = config.get('RATE_LIMIT_ENABLED')
      ? [
          this.limiter('burst', config.get('RATE_LIMIT_BURST_PER_MINUTE'), 60),
          this.limiter('sustained', config.get('RATE_LIMIT_SUSTAINED_PER_HOUR'), 3_600),
        ]
      : []
  }

  /**
   * Counts a request.
   * @throws {ApiError} 429 with `Retry-After` in seconds, the longer of the two waits
   */
  async count(bucket: string): Promise<void> {
    // `penalty` counts as `consume` does and never rejects, which costs a refused request a third.
    const states = await Promise.all(this.limiters.map((limiter) => limiter.penalty(bucket).catch(() => undefined)))
    const refused = states.flatMap((state, index) =>
      state && state.consumedPoints > this.limiters[index]!.points ? [state.msBeforeNext] : [],
    )
    if (refused.length === 0) return
    const seconds = Math.max(1, Math.ceil(Math.max(...refused) / 1_000))
    throw throttled({ seconds }, { headers: { 'retry-after': String(seconds) } })
  }

  /** With Redis, its counts are shared by all nodes; while it is away each node counts for itself. */
  private limiter(name: string, points: number, seconds: number): RateLimiterAbstract {
    const memory = new RateLimiterMemory({ keyPrefix: name, points, duration: seconds })
    if (!this.redis) return memory
    return new RateLimiterRedis({
      storeClient: this.redis,
      keyPrefix: `polity:${name}`,
      points,
      duration: seconds,
      insuranceLimiter: memory,
    })
  }
}
