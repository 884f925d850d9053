import type { NamedQuery } from './named-query.js'
import { isDatabaseUnavailable, sqlState } from '../database-errors.js'
import { cancelStatement } from './cancel.js'
import { send } from './send.js'
import type { WatchedClient } from './watched-client.js'
import { writeTogether } from './write-together.js'

interface Shared {
  readonly client: WatchedClient
  /** Settles when the connection is open, and is then undefined. */
  opening?: Promise<void>
  /** How many statements are running. */
  load: number
  /** Its oldest statement is overdue and was cancelled: it gets no new ones while another connection is free. */
  isStuck: boolean
  /** It did not react to the cancellation either. */
  isGivenUp: boolean
}

/** A read of a row or two that takes longer is waiting for something. */
export const OVERDUE_MS = 200
/** How long a statement may go on after it was cancelled. */
const GIVE_UP_MS = 1_000
const LOOK_MS = 25

/** SQLSTATE query_canceled, and invalid_sql_statement_name: a statement was cancelled while it was being prepared for others too. */
const INTERRUPTED = ['57014', '26000']

/** Thrown for a correct statement that may not have run: send it again. */
export class Interrupted extends Error {
  constructor(
    override readonly cause: unknown,
    /** Whether this is the statement that took too long. */
    readonly wasOverdue: boolean,
  ) {
    super('A statement on a shared connection was interrupted.')
  }
}

/**
 * Connections that statements share, for reads of a row or two that stand alone. Each statement is sent without waiting for
 * the answers before it (PostgreSQL's pipelining), and those of one turn of the event loop leave in one write: at 50 requests
 * at once that is a third less processor time than lending a connection to each.
 *
 * The price: a statement that waits, perhaps for a lock, delays those behind it. So an overdue statement is cancelled and
 * sent again elsewhere, and a connection that does not react to the cancellation is closed.
 */
export class SharedConnections {
  private readonly connections: Shared[] = []
  private looks?: NodeJS.Timeout
  private lookedAt = 0
  private isClosed = false

  /** @param size how many connections at the most */
  constructor(
    private readonly newClient: () => WatchedClient,
    private readonly size: number,
  ) {}

  /** Whether statements can be sent here at all. */
  get isOpen(): boolean {
    return this.size > 0 && !this.isClosed
  }

  /** @throws {Interrupted} when the statement should be sent again elsewhere */
  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    const shared = this.leastLoaded()
    shared.load++
    this.watch()
    try {
      if (shared.opening) await shared.opening
      // Wait until this turn of the event loop has read all requests that have arrived.
      writeTogether(shared.client, setImmediate)
      return await send(shared.client, query, values)
    } catch (error) {
      const state = sqlState(error) ?? ''
      if (INTERRUPTED.includes(state)) throw new Interrupted(error, state === '57014')
      if (shared.isGivenUp && isDatabaseUnavailable(error)) throw new Interrupted(error, false)
      throw error
    } finally {
      shared.load--
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
    await Promise.all(
      this.connections.splice(0).map(async ({ client, opening }) => {
        // A silent connection never reports its end.
        const late = setTimeout(() => client.destroy(), GIVE_UP_MS)
        await opening?.catch(() => undefined)
        await client.end()
        clearTimeout(late)
      }),
    )
  }

  /** While another connection opens, the open ones are used. */
  private leastLoaded(): Shared {
    let best: Shared | undefined
    for (const shared of this.connections) if (!best || isBetter(shared, best)) best = shared
    if (best && ((best.load === 0 && !best.isStuck) || this.connections.length >= this.size)) return best
    const another = this.open()
    return best && !best.isStuck ? best : another
  }

  private open(): Shared {
    const client = this.newClient()
    const shared: Shared = { client, load: 0, isStuck: false, isGivenUp: false }
    const forget = () => {
      const index = this.connections.indexOf(shared)
      if (index >= 0) this.connections.splice(index, 1)
    }
    client.once('error', forget).once('end', forget)
    const opening: Promise<void> = client.connect().then(
      () => void (shared.opening = undefined),
      (error: Error) => {
        forget()
        throw error
      },
    )
    // Callers that await it get the error.
    opening.catch(() => undefined)
    shared.opening = opening
    this.connections.push(shared)
    return shared
  }

  private watch(): void {
    if (this.looks) return
    this.lookedAt = performance.now()
    this.looks = setInterval(() => this.look(), LOOK_MS)
    this.looks.unref()
  }

  private look(): void {
    const now = performance.now()
    // Where this process itself was busy, answers have arrived that are read after this.
    const isLate = now - this.lookedAt > 2 * LOOK_MS
    this.lookedAt = now
    if (isLate) return
    for (const shared of this.connections) if (!shared.opening) this.check(shared, shared.client.overdueMs(now))
    if (this.connections.some(({ load }) => load > 0)) return
    clearInterval(this.looks)
    this.looks = undefined
  }

  private check(shared: Shared, overdueMs: number): void {
    if (overdueMs <= OVERDUE_MS) {
      shared.isStuck = false
    } else if (!shared.isStuck) {
      shared.isStuck = true
      cancelStatement(shared.client)
    } else if (overdueMs > OVERDUE_MS + GIVE_UP_MS) {
      shared.isGivenUp = true
      shared.client.destroy()
    }
  }
}

function isBetter(one: Shared, other: Shared): boolean {
  const rank = ({ opening, isStuck }: Shared) => (isStuck ? 2 : opening ? 1 : 0)
  return rank(one) === rank(other) ? one.load < other.load : rank(one) < rank(other)
}
