import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { Gauge, Registry } from 'prom-client'
import { Database } from '../database/database.js'
import type { Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'
import type { DomainEvent } from './domain-event.js'
import { EventListeners } from './event-listeners.js'

interface OutboxRow extends DomainEvent {
  id: string
  created_at: Date
  attempts: number
}

const POLL_MS = 1_000
/** Deliveries under way at once. A slow listener holds up its own events, and none of the others. */
const AT_ONCE = 50
/** For so long an event that a node took is nobody else's; if the node died, another takes it then. */
const LEASE_SECONDS = 120
/** The wait after a failure doubles from one second up to this. */
const LONGEST_WAIT_SECONDS = 3_600

/**
 * Delivers what transactions announced. An event leaves the table when every listener took it; until then it is tried
 * again, with growing waits, by whichever node is alive.
 */
@Injectable()
export class Outbox implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer?: NodeJS.Timeout
  private polling: Promise<unknown> = Promise.resolve()
  private readonly underWay = new Set<Promise<void>>()

  constructor(
    private readonly database: Database,
    private readonly listeners: EventListeners,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly host: HttpAdapterHost,
    registry: Registry,
  ) {
    const count = (name: string, help: string, where: string) =>
      new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          const [row] = await database.dataSource.query(`select count(*)::integer as count from outbox ${where}`)
          this.set(row.count)
        },
      })
    count('outbox_waiting_events', 'Events that were announced and not yet delivered.', '')
    count('outbox_failing_events', 'Those of them whose delivery failed at least once.', 'where attempts > 0')
  }

  onApplicationBootstrap(): void {
    // A command has none of the server's extensions, and would take away unheard what they listen for.
    if (!this.host.httpAdapter) return
    this.timer = setInterval(() => {
      this.polling = this.polling
        .then(() => this.startDue())
        .catch((error) => this.logger.warn({ err: error }, 'outbox is waiting'))
    }, POLL_MS)
    this.timer.unref()
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer)
    await this.polling
    await Promise.all(this.underWay)
  }

  /** Delivers everything that is due now, and waits for it. */
  async deliver(): Promise<void> {
    while ((await this.startDue()) > 0) await Promise.all(this.underWay)
  }

  /** @returns how many events it took */
  private async startDue(): Promise<number> {
    const free = AT_ONCE - this.underWay.size
    if (free === 0) return 0
    const [taken]: [OutboxRow[]] = await this.database.dataSource.query(
      `update outbox set available_at = now() + make_interval(secs => $2) where id in (
         select id from outbox where available_at <= now() order by available_at, id limit $1 for update skip locked)
       returning *`,
      [free, LEASE_SECONDS],
    )
    const unheard = taken.filter(({ type }) => this.listeners.of(type).length === 0)
    await this.forget(unheard)
    for (const event of taken) {
      if (unheard.includes(event)) continue
      const delivery = this.deliverOne(event)
        .catch((error) => this.logger.warn({ err: error, event_id: event.id }, 'event comes again after its lease'))
        .finally(() => this.underWay.delete(delivery))
      this.underWay.add(delivery)
    }
    return taken.length
  }

  private async deliverOne(event: OutboxRow): Promise<void> {
    try {
      for (const listener of this.listeners.of(event.type)) await listener(event)
    } catch (error) {
      this.logger.warn(
        { err: error, event_id: event.id, type: event.type, attempts: event.attempts + 1 },
        'event not delivered',
      )
      await this.database.dataSource.query(
        `update outbox set attempts = attempts + 1, last_error = $2,
           available_at = now() + make_interval(secs => least(power(2, attempts), $3)) where id = $1`,
        [event.id, (error as Error).message.slice(0, 500), LONGEST_WAIT_SECONDS],
      )
      return
    }
    await this.forget([event])
  }

  private async forget(events: OutboxRow[]): Promise<void> {
    if (events.length === 0) return
    await this.database.dataSource.query('delete from outbox where id = any($1)', [events.map(({ id }) => id)])
  }
}
