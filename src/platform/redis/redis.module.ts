import { type BeforeApplicationShutdown, Global, Module } from '@nestjs/common'
import type { Redis } from 'ioredis'
import { once } from 'node:events'
import { Config } from '../config/config.js'
import type { Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'

/** The Redis that several servers share, where `REDIS_URL` names one. What needs it does without while it is away. */
export class SharedRedis implements BeforeApplicationShutdown {
  constructor(readonly client?: Redis) {}

  /** Waits until it answers, at most so long: a command may be done before it is connected, and would tell nobody. */
  async connected(withinMs: number): Promise<void> {
    if (!this.client || this.client.status === 'ready') return
    await once(this.client, 'ready', { signal: AbortSignal.timeout(withinMs) }).catch(() => undefined)
  }

  beforeApplicationShutdown(): void {
    this.client?.disconnect()
  }
}

@Global()
@Module({
  providers: [{ provide: SharedRedis, inject: [Config, LOGGER], useFactory: connect }],
  exports: [SharedRedis],
})
export class RedisModule {}

async function connect(config: Config, logger: Logger): Promise<SharedRedis> {
  const url = config.get('REDIS_URL')
  if (!url) return new SharedRedis()
  // Loaded where it is used only: it is a few megabytes.
  const { Redis } = await import('ioredis')
  const client = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1 })
  client.on('error', (error) => logger.warn({ err: error }, 'redis does not answer; this process goes on alone'))
  return new SharedRedis(client)
}
