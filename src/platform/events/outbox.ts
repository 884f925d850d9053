import { Inject, Injectable, type OnApplicationBootstrap, type BeforeApplicationShutdown } from '@nestjs/common'
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
const BATCH = 50
/** The wait after a failure doubles from one second up to this. */
const LONGEST_WAIT_SECONDS = 3_600

/**
 * Delivers what transactions announced. An event leaves the table when every listener took it; until then it is tried
 * again, with growing waits, by whichever node is alive.
 */
@Injectable()
export class Outbox implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer?: NodeJS.Timeout
  private running: Promise<void> = Promise.resolve()

  constructor(
    private readonly database: Database,
    private readonly listeners: EventListeners,
    @Inject(LOGGER) private readonly logger: Logger,
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
    this.timer = setInterval(() => {
      this.running = this.running
        .then(() => this.deliver())
        .catch((error) => this.logger.warn({ err: error }, 'outbox is waiting'))
    }, POLL_MS)
    this.timer.unref()
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer)
    await this.running
  }

  /** Delivers everything that is due now. */
  async deliver(): Promise<void> {
    while ((await this.deliverBatch()) === BATCH);
  }

  private deliverBatch(): Promise<number> {
    return this.database.dataSource.transaction(async (manager) => {
      const due: OutboxRow[] = await manager.query(
        'select * from outbox where available_at <= now() order by available_at, id limit $1 for update skip locked',
        [BATCH],
      )
      const delivered: string[] = []
      for (const event of due) {
        try {
          for (const listener of this.listeners.of(event.type)) await listener(event)
          delivered.push(event.id)
        } catch (error) {
          this.logger.warn(
            { err: error, event_id: event.id, type: event.type, attempts: event.attempts + 1 },
            'event not delivered',
          )
          await manager.query(
            `update outbox set attempts = attempts + 1, last_error = $2,
               available_at = now() + make_interval(secs => least(power(2, attempts), $3)) where id = $1`,
            [event.id, (error as Error).message.slice(0, 500), LONGEST_WAIT_SECONDS],
          )
        }
      }
      if (delivered.length) await manager.query('delete from outbox where id = any($1)', [delivered])
      return due.length
    })
  }
}
