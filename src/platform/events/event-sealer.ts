import { Injectable } from '@nestjs/common'
import { Database, type Transaction } from '../database/database.js'
import { namedQuery } from '../database/fast-path/named-query.js'
import { GENESIS, sealOf } from './event-seal.js'
import {
  addDeliveries,
  allSubscriptions,
  headsOf,
  type LoggedEvent,
  moveHeads,
  sealEvents,
  unsealedEvents,
} from './events.queries.js'

/** The most events that one round seals. */
export const SEALED_AT_ONCE = 500
/** Any number, the same on every server. */
const SEALER_LOCK = 7_305_804_403

const takeSealerLock = namedQuery<{ held: boolean }>('events.lock', 'select pg_try_advisory_xact_lock($1) as held')
const boundIdleness = namedQuery('events.bound', `set local idle_in_transaction_session_timeout = '15s'`)

interface Sealed extends LoggedEvent {
  seq: number
  hash: Buffer
}

/**
 * Numbers each organization's events in one order without gaps, chains their hashes, and makes a delivery of each for
 * every subscription. It comes after the commit, so that writers never wait for each other, and it reads the
 * subscriptions in its own transaction: what a server of another version listens for is delivered too.
 */
@Injectable()
export class EventSealer {
  constructor(private readonly database: Database) {}

  /** Seals a batch; one server does so at a time. @returns how many events were sealed */
  seal(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const [, [lock]] = await Promise.all([tx.query(boundIdleness, []), tx.query(takeSealerLock, [SEALER_LOCK])])
      if (!lock!.held) return 0
      const [events, subscriptions] = await Promise.all([
        tx.query(unsealedEvents, [SEALED_AT_ONCE]),
        tx.query(allSubscriptions, []),
      ])
      if (events.length === 0) return 0
      await this.write(tx, await this.chained(tx, events), subscriptions)
      return events.length
    })
  }

  private async chained(tx: Transaction, events: LoggedEvent[]): Promise<Sealed[]> {
    const organizations = [...new Set(events.map(({ organization_id }) => organization_id))]
    const heads = new Map(
      (await tx.query(headsOf, [organizations])).map(({ organization_id, seq, hash }) => [
        organization_id,
        { seq: Number(seq), hash },
      ]),
    )
    return events.map((event) => {
      const head = heads.get(event.organization_id) ?? { seq: 0, hash: GENESIS }
      const seq = head.seq + 1
      const sealed = { ...event, seq, hash: sealOf(event, seq, head.hash) }
      heads.set(event.organization_id, sealed)
      return sealed
    })
  }

  private async write(
    tx: Transaction,
    events: Sealed[],
    subscriptions: { name: string; types: string[] }[],
  ): Promise<void> {
    const last = [...new Map(events.map((event) => [event.organization_id, event])).values()]
    const deliveries = events.flatMap((event) =>
      subscriptions.filter(({ types }) => types.includes(event.type)).map(({ name }) => ({ ...event, name })),
    )
    await Promise.all([
      tx.query(sealEvents, columns(events, 'organization_id', 'id', 'seq', 'hash')),
      tx.query(moveHeads, columns(last, 'organization_id', 'seq', 'hash')),
      deliveries.length > 0 && tx.query(addDeliveries, columns(deliveries, 'organization_id', 'name', 'id', 'seq')),
    ])
  }
}

/** Rows as PostgreSQL's `unnest` takes them: an array for each column. */
const columns = <Row>(rows: Row[], ...names: (keyof Row)[]): unknown[][] =>
  names.map((name) => rows.map((row) => row[name]))
