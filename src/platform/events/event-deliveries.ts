import { Inject, Injectable } from '@nestjs/common'
import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from '../database/database.js'
import type { NamedQuery } from '../database/fast-path/named-query.js'
import type { Logger } from '../logging/logger.js'
import { LOGGER } from '../logging/logger.token.js'
import type { StoredEvent } from './domain-event.js'
import { EventListeners, type RegisteredListener } from './event-listeners.js'
import {
  type DueDelivery,
  dueDeliveries,
  endDelivery,
  failDelivery,
  giveUpDelivery,
  keepSubscriptions,
  takeDelivery,
} from './events.queries.js'

/** How many deliveries of one listener run at once. A slow listener delays only its own events. */
const AT_ONCE = 20
/** How long a delivery belongs to the server that took it. If that server dies, another takes it after this time. */
const LEASE_SECONDS = 120
/** A listener that takes longer has failed. */
const LISTENER_MS = 100_000
/** The wait after a failure doubles from one second up to this. */
const LONGEST_WAIT_SECONDS = 3_600
/** After this many attempts, which take an hour, the waits no longer grow. */
const GROWING = 12

/**
 * Delivers events to listeners. Each listener has deliveries of its own, which are deleted when it has handled them. One
 * that fails is tried again after growing waits, by any server, and is finally given up (`polity events failed`).
 */
@Injectable()
export class EventDeliveries {
  private readonly underWay = new Map<string, Set<Promise<void>>>()
  private known?: RegisteredListener[]

  constructor(
    private readonly database: Database,
    private readonly listeners: EventListeners,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Stores which events this server’s listeners hear, before any event is sealed for them. */
  async subscribe(): Promise<void> {
    this.known = this.listeners.all()
    if (this.known.length === 0) return
    await this.write(keepSubscriptions, [
      this.known.map(({ name }) => name),
      this.known.map(({ types }) => JSON.stringify(types)),
      this.known.map(({ ordered }) => ordered),
    ])
  }

  /** Starts deliveries that are due, as far as their listeners have room. @returns how many it started */
  async start(): Promise<number> {
    const ready = (this.known ?? []).filter(({ name }) => this.of(name).size < AT_ONCE)
    if (ready.length === 0) return 0
    const due = await this.database.query(
      dueDeliveries(ready.length),
      ready.flatMap(({ name, ordered }) => [name, AT_ONCE - this.of(name).size, ordered]),
    )
    const started = await Promise.all(due.map((delivery) => this.take(delivery)))
    return started.filter(Boolean).length
  }

  /** Waits for the deliveries that are running. */
  async settled(): Promise<void> {
    await Promise.all([...this.underWay.values()].flatMap((deliveries) => [...deliveries]))
  }

  private write<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    return this.database.transaction((tx) => tx.last(() => tx.query(query, values)))
  }

  private of(subscription: string): Set<Promise<void>> {
    const deliveries = this.underWay.get(subscription) ?? new Set()
    this.underWay.set(subscription, deliveries)
    return deliveries
  }

  private async take(due: DueDelivery): Promise<boolean> {
    const key = [due.organization_id, due.subscription, due.event_id]
    const [taken] = await this.write(takeDelivery, [...key, due.available_at, LEASE_SECONDS])
    if (!taken) return false
    const delivery = this.deliver(due, key)
      .catch((error) =>
        this.logger.warn({ err: error, event_id: due.event_id }, 'event will be delivered again after its lease'),
      )
      .finally(() => this.of(due.subscription).delete(delivery))
    this.of(due.subscription).add(delivery)
    return true
  }

  private async deliver(due: DueDelivery, key: string[]): Promise<void> {
    const listener = this.known!.find(({ name }) => name === due.subscription)!
    try {
      await within(LISTENER_MS, listener.hear(eventOf(due)))
    } catch (error) {
      const attempts = due.attempts + 1
      const wait = attempts < GROWING + listener.days * 24 ? Math.min(2 ** due.attempts, LONGEST_WAIT_SECONDS) : null
      const { subscription, event_id, type } = due
      this.logger.warn({ err: error, event_id, type, subscription, attempts }, 'event not delivered')
      const failure = [...key, (error as Error).message.slice(0, 500)]
      await (wait === null ? this.write(giveUpDelivery, failure) : this.write(failDelivery, [...failure, wait]))
      return
    }
    await this.write(endDelivery, key)
  }
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  const waiting = new AbortController()
  const late = sleep(milliseconds, undefined, { signal: waiting.signal, ref: false }).then(() => {
    throw new Error(`The listener did not finish within ${milliseconds / 1_000} seconds.`)
  })
  late.catch(() => undefined)
  await Promise.race([work, late]).finally(() => waiting.abort())
}

const eventOf = (due: DueDelivery): StoredEvent => ({
  id: due.event_id,
  type: due.type,
  organization_id: due.organization_id,
  item_id: due.item_id,
  payload: due.payload,
  changes: due.changes,
  by: {
    user: due.user_id === null ? null : { id: due.user_id },
    credential: { kind: due.credential_kind, id: due.credential_id },
    origin: { request_id: due.request_id, ip: due.ip, user_agent: due.user_agent },
  },
  created_at: due.created_at,
  seq: Number(due.seq),
})
