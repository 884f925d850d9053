import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { Gauge, Registry } from 'prom-client'
import { Database } from '../database/database.js'
import type { Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'
import { cutText } from '../values/stored-values.js'
import type { DomainEvent } from './domain-event.js'
import { type EventListener, EventListeners } from './event-listeners.js'

interface OutboxRow extends DomainEvent {
  id: string
  created_at: Date
  attempts: number
  delivered_to: string[]
}

const POLL_MS = 1_000
/** How often a server deletes what was kept long enough, and looks for events that another version settled. */
const HOUSEKEEPING_MS = 60_000
/** For so long an event that this server does not hear is left to servers of another version. */
const OTHERS_FIRST = '10 seconds'
/** How many events a statement settles, or deletes. */
const LOT = 1_000
/** Deliveries under way at once. A slow listener holds up its own events, and none of the others. */
const AT_ONCE = 50
/** For so long an event that a node took is nobody else's; if the node died, another takes it then. */
const LEASE_SECONDS = 120
/** The wait after a failure doubles from one second up to this. */
const LONGEST_WAIT_SECONDS = 3_600

/** True of an event that a listener of this server has not heard. $1 the listeners' types, $2 their names. */
const UNHEARD_HERE = `exists (
  select 1 from unnest($1::text[], $2::text[]) as mine (type, name)
  where mine.type = outbox.type and mine.name <> all(outbox.delivered_to))`

/**
 * Delivers what transactions announced. A failed delivery is tried again, with growing waits, by whichever node is
 * alive; only the listeners that have not heard the event hear it then. A server settles an event once its own listeners
 * heard it, or when it has none for it. A settled event stays for a day, because a server of another version may have
 * other listeners.
 */
@Injectable()
export class Outbox implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer?: NodeJS.Timeout
  private polling: Promise<unknown> = Promise.resolve()
  private readonly underWay = new Set<Promise<void>>()
  private nextHousekeeping = 0
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
          const [row] = await database.dataSource.query(`select count(*)::integer as count from outbox where ${where}`)
          this.set(row.count)
        },
      })
    count('outbox_waiting_events', 'Events that were announced and not yet delivered.', 'settled_at is null')
    count(
      'outbox_failing_events',
      'Those of them whose delivery failed at least once.',
      'settled_at is null and attempts > 0',
    )
  }

  onApplicationBootstrap(): void {
    // A command has none of the server's extensions, and would settle unheard what they listen for.
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
    await this.keepHouse()
    await this.settleUnheard()
    while ((await this.startDue()) > 0) await Promise.all(this.underWay)
  }

  /** Goes on as long as there is more than fits at once, so that events may come faster than the polls. */
  private async work(): Promise<void> {
    if (Date.now() >= this.nextHousekeeping) {
      await this.keepHouse()
      this.nextHousekeeping = Date.now() + HOUSEKEEPING_MS
    }
    await this.settleUnheard()
    while (!this.stopping && (await this.startDue()) > 0) {
      if (this.underWay.size >= AT_ONCE) await Promise.race(this.underWay)
    }
  }

  private async keepHouse(): Promise<void> {
    await this.inLots(
      `delete from outbox where id in (
         select id from outbox where settled_at <= now() - interval '1 day'
         order by settled_at limit ${LOT} for update skip locked)`,
      [],
    )
    // Events that a server without the listeners of this one settled.
    await this.inLots(
      `update outbox set settled_at = null, available_at = now() where id in (
         select id from outbox where settled_at is not null and type = any($1) and ${UNHEARD_HERE}
         limit ${LOT} for update skip locked)`,
      this.mine(),
    )
  }

  /** What failed elsewhere is left to the servers that hear it, unless it has been due for a day. */
  private settleUnheard(): Promise<void> {
    return this.inLots(
      `update outbox set settled_at = now() where id in (
         select id from outbox where settled_at is null and not ${UNHEARD_HERE}
           and available_at <= now() - interval '${OTHERS_FIRST}'
           and (attempts = 0 or available_at <= now() - interval '1 day')
         order by available_at, id limit ${LOT} for update skip locked)`,
      this.mine(),
    )
  }

  private async inLots(statement: string, values: unknown[]): Promise<void> {
    let affected = LOT
    while (affected === LOT && !this.stopping) affected = await this.execute(statement, values)
  }

  /** @returns how many events it took */
  private async startDue(): Promise<number> {
    const free = AT_ONCE - this.underWay.size
    if (free === 0) return 0
    const [taken]: [OutboxRow[]] = await this.database.dataSource.query(
      `update outbox set available_at = now() + make_interval(secs => $3) where id in (
         select id from outbox where settled_at is null and available_at <= now() and ${UNHEARD_HERE}
         order by available_at, id limit $4 for update skip locked)
       returning *`,
      [...this.mine(), LEASE_SECONDS, free],
    )
    for (const event of taken) {
      const delivery = this.deliverOne(event)
        .catch((error) => this.logger.warn({ err: error, event_id: event.id }, 'event comes again after its lease'))
        .finally(() => this.underWay.delete(delivery))
      this.underWay.add(delivery)
    }
    return taken.length
  }

  /** To all listeners at once, so that none waits for another. */
  private async deliverOne(event: OutboxRow): Promise<void> {
    const unheard = [...this.listeners.of(event.type)].filter(([name]) => !event.delivered_to.includes(name))
    const failures = await Promise.all(unheard.map(([name, listener]) => this.deliverTo(name, listener, event)))
    const failure = failures.find((message) => message !== null)
    if (failure === undefined) await this.execute('update outbox set settled_at = now() where id = $1', [event.id])
    else
      await this.execute(
        `update outbox set attempts = attempts + 1, last_error = $2,
           available_at = now() + make_interval(secs => least(power(2, attempts), $3)) where id = $1`,
        [event.id, cutText(failure, 500), LONGEST_WAIT_SECONDS],
      )
  }

  /** @returns why the listener did not take the event, or null */
  private async deliverTo(name: string, listener: EventListener, event: OutboxRow): Promise<string | null> {
    const { id, type, attempts } = event
    try {
      await listener(event)
    } catch (error) {
      this.logger.warn(
        { err: error, event_id: id, type, listener: name, attempts: attempts + 1 },
        'event not delivered',
      )
      return error instanceof Error ? error.message : String(error)
    }
    await this.execute('update outbox set delivered_to = array_append(delivered_to, $2) where id = $1', [id, name])
    return null
  }

  /** @returns how many rows it changed */
  private async execute(statement: string, values: unknown[]): Promise<number> {
    const [, affected]: [unknown, number] = await this.database.dataSource.query(statement, values)
    return affected
  }

  /** The listeners of this server, as {@link UNHEARD_HERE} takes them. */
  private mine(): [types: string[], names: string[]] {
    const { types, names } = this.listeners.pairs()
    return [types, names]
  }
}
