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
/** A scrape never counts further than this. */
const COUNTED = 10_000

/**
 * Drives the log of a server: what transactions published is sealed, delivered to its listeners, and removed when its
 * time is over. It works when a transaction of this server published, and once a second for those of others.
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
      // In the order of an index that has no others: those that were given up may be most of the table.
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
    // A command has none of the server's extensions, so it delivers nothing.
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

  /** Seals and delivers soon; while it is at work it goes round once more. */
  wake(): void {
    this.again = true
    this.working ??= this.work()
      .catch((error) => this.waits(error))
      .finally(() => (this.working = undefined))
  }

  private async work(): Promise<void> {
    // Transactions of the same moment are sealed together.
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
