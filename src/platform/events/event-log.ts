import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { setTimeout as sleep } from 'node:timers/promises'
import { Gauge, Registry } from 'prom-client'
import { Database } from '../database/database.js'
import type { Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'
import { EventDeliveries } from './event-deliveries.js'
import { EventRetention } from './event-retention.js'
import { EventSealer, SEALED_AT_ONCE } from './event-sealer.js'

const POLL_MS = 1_000
/** The pause after a round that delivered nothing. Under load the next one seals the events of many transactions. */
const PAUSE_MS = 25
const RETENTION_MS = 3_600_000
/** A scrape counts up to this number. */
const COUNTED = 10_000

/**
 * Runs the event log: seals published events, delivers them to listeners, and removes them when their time is over. It
 * works whenever a transaction of this server has published, and once a second for those of other servers.
 */
@Injectable()
export class EventLog implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly timers: NodeJS.Timeout[] = []
  private working?: Promise<void>
  private again = false
  private stopping = false

  constructor(
    private readonly database: Database,
    private readonly sealer: EventSealer,
    private readonly deliveries: EventDeliveries,
    private readonly retention: EventRetention,
    private readonly host: HttpAdapterHost,
    @Inject(LOGGER) private readonly logger: Logger,
    registry: Registry,
  ) {
    const count = (name: string, help: string, from: string) =>
      new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          const [row] = await database.dataSource.query<{ count: number }[]>(
            `select count(*)::integer as count from (select 1 from ${from} limit ${COUNTED}) counted`,
          )
          this.set(row!.count)
        },
      })
    count('events_unsealed', `Events that no server has sealed yet, up to ${COUNTED}.`, 'events where seq is null')
    count(
      'event_deliveries_waiting',
      `Deliveries that no listener has taken yet, those that failed included, up to ${COUNTED}.`,
      // Ordered as the partial index is, so that it is used: most of the table may be deliveries that were given up.
      'event_deliveries where failed_at is null order by subscription',
    )
    count(
      'event_deliveries_failing',
      `Deliveries that failed and will be tried again, up to ${COUNTED}.`,
      'event_deliveries where attempts > 0 and failed_at is null',
    )
    count(
      'event_deliveries_failed',
      `Deliveries that were given up, up to ${COUNTED}: see polity events failed.`,
      'event_deliveries where failed_at is not null',
    )
  }

  async onApplicationBootstrap(): Promise<void> {
    // A command does not have the listeners of the server’s plugins, so it delivers nothing.
    if (!this.host.httpAdapter) return
    await this.deliveries.subscribe()
    this.database.onPublished = () => this.wake()
    this.every(POLL_MS, () => this.wake())
    this.every(RETENTION_MS, () => void this.retention.run().catch((error) => this.waits(error)))
    this.wake()
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true
    this.timers.forEach(clearInterval)
    this.database.onPublished = undefined
    await this.working
    await this.deliveries.settled()
  }

  /** Seals and delivers soon. If it is already working, it makes one more round. */
  wake(): void {
    this.again = true
    this.working ??= this.work()
      .catch((error) => this.waits(error))
      .finally(() => (this.working = undefined))
  }

  private async work(): Promise<void> {
    // Let transactions of the same moment be sealed together.
    await new Promise(setImmediate)
    while (this.again && !this.stopping) {
      this.again = false
      const sealed = await this.sealer.seal()
      const started = await this.deliveries.start()
      if (sealed > 0 || started > 0) this.again = true
      if (this.again && started === 0 && sealed < SEALED_AT_ONCE) await sleep(PAUSE_MS)
    }
  }

  private waits(error: unknown): void {
    this.logger.warn({ err: error }, 'events wait')
  }

  private every(milliseconds: number, work: () => void): void {
    this.timers.push(setInterval(work, milliseconds).unref())
  }
}
