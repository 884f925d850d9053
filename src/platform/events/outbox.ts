import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { Gauge, Registry } from 'prom-client'
import { Database } from '../database/database.js'
import type { Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'
import { cutText } from '../values/stored-values.js'
import type { DomainEvent } from './domain-event.js'
import { EventListeners } from './event-listeners.js'

interface OutboxRow extends DomainEvent {
  id: string
  created_at: Date
  attempts: number
}

const POLL_MS = 1_000
/** Events that nobody hears go in larger lots: they are deleted and nothing else. */
const UNHEARD_AT_ONCE = 1_000
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
  private stopping = false

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
        .then(() => this.work())
        .catch((error) => this.logger.warn({ err: error }, 'outbox is waiting'))
    }, POLL_MS)
    this.timer.unref()
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true
    clearInterval(this.timer)
    await this.polling
    await Promise.all(this.underWay)
  }

  /** Delivers everything that is due now, and waits for it. */
  async deliver(): Promise<void> {
    await this.deleteUnheard()
    while ((await this.startDue()) > 0) await Promise.all(this.underWay)
  }

  /** Goes on as long as there is more than fits at once, so that events may come faster than the polls. */
  private async work(): Promise<void> {
    await this.deleteUnheard()
    while (!this.stopping && (await this.startDue()) > 0) {
      if (this.underWay.size >= AT_ONCE) await Promise.race(this.underWay)
    }
  }

  private async deleteUnheard(): Promise<void> {
    const heard = this.listeners.types()
    let deleted = UNHEARD_AT_ONCE
    while (deleted === UNHEARD_AT_ONCE && !this.stopping) {
      ;[, deleted] = await this.database.dataSource.query(
        `delete from outbox where id in (
           select id from outbox where available_at <= now() and type <> all($1)
           order by available_at, id limit ${UNHEARD_AT_ONCE} for update skip locked)`,
        [heard],
      )
    }
  }

  /** @returns how many events it took */
  private async startDue(): Promise<number> {
    const heard = this.listeners.types()
    const free = AT_ONCE - this.underWay.size
    if (heard.length === 0 || free === 0) return 0
    const [taken]: [OutboxRow[]] = await this.database.dataSource.query(
      `update outbox set available_at = now() + make_interval(secs => $2) where id in (
         select id from outbox where available_at <= now() and type = any($3)
         order by available_at, id limit $1 for update skip locked)
       returning *`,
      [free, LEASE_SECONDS, heard],
    )
    for (const event of taken) {
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
        [event.id, cutText((error as Error).message, 500), LONGEST_WAIT_SECONDS],
      )
      return
    }
    await this.database.dataSource.query('delete from outbox where id = $1', [event.id])
  }
}
