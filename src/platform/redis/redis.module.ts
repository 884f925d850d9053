import { type BeforeApplicationShutdown, Global, Module } from '@nestjs/common'
import type { Redis } from 'ioredis'
import { once } from 'node:events'
import { Config } from '../config/config.js'
import type { Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'

/** How long a command may take: a request waits for it. */
const COMMAND_TIMEOUT_MS = 100
/** After a command without an answer, how long none is sent. Requests would wait for each. */
const PAUSE_MS = 1_000
/** A connection that is silent for so long although it was asked is opened anew: the other end may be gone. */
const SILENCE_MS = 10_000

/** The Redis that several servers share, where `REDIS_URL` names one. What needs it does without while it is away. */
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

  /** What Redis answers; undefined without one, and while it is away or slow, which is logged once each time. */
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

  /** Waits until it answers, at most so long: a command may be done before it is connected, and would tell nobody. */
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
  // Loaded where it is used only: it is a few megabytes.
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
