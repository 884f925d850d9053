import { type BeforeApplicationShutdown, Global, Module } from '@nestjs/common'
import type { Redis } from 'ioredis'
import { once } from 'node:events'
import { Config } from '../config/config.js'
import type { Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'

/** The time limit of a command. A request waits for it. */
const COMMAND_TIMEOUT_MS = 100
/** How long no command is sent after one that timed out, because each would make its request wait. */
const PAUSE_MS = 1_000
/** A connection that has not answered for this long is opened anew: the other end may be gone. */
const SILENCE_MS = 10_000

/** The Redis that several servers share, if `REDIS_URL` names one. Its users do without it while it is away. */
export class SharedRedis implements BeforeApplicationShutdown {
  private askAgainAt = 0
  private isAway = false

  constructor(
    private readonly logger: Logger,
    readonly client?: Redis,
  ) {
    // Without a listener Node ends the process.
    client?.on('error', (error) => this.noteAway(error))
    client?.on('ready', () => {
      this.askAgainAt = 0
      void this.ask((connected) => connected.ping())
    })
  }

  /** Redis’ answer. Undefined without a Redis, and while it is away or slow, which is logged once each time. */
  async ask<Answer>(command: (client: Redis) => Promise<Answer>): Promise<Answer | undefined> {
    if (this.client?.status !== 'ready' || performance.now() < this.askAgainAt) return undefined
    try {
      const answer = await command(this.client)
      this.noteBack()
      return answer
    } catch (error) {
      this.askAgainAt = performance.now() + PAUSE_MS
      this.noteAway(error)
      return undefined
    }
  }

  /** Waits for the connection, at most `withinMs`. A short command could otherwise end before it has told the other servers. */
  async connected(withinMs: number): Promise<void> {
    if (!this.client || this.client.status === 'ready') return
    await once(this.client, 'ready', { signal: AbortSignal.timeout(withinMs) }).catch(() => undefined)
  }

  beforeApplicationShutdown(): void {
    this.client?.disconnect()
  }

  private noteAway(error: unknown): void {
    if (this.isAway) return
    this.isAway = true
    this.logger.warn({ err: error }, 'Redis does not answer. Until it does, this process counts for itself.')
  }

  private noteBack(): void {
    if (!this.isAway) return
    this.isAway = false
    this.logger.info('Redis answers again.')
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
  if (!url) return new SharedRedis(logger)
  // Loaded only where it is used, as it takes a few megabytes.
  const { Redis } = await import('ioredis')
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: SILENCE_MS,
    socketTimeout: SILENCE_MS,
    keepAlive: SILENCE_MS,
  })
  return new SharedRedis(logger, client)
}
