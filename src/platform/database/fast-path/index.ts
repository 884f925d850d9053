import type { Pool } from 'pg'
import { isDatabaseUnavailable } from '../database-errors.js'
import { Gate } from '../gate.js'
import type { NamedQuery, Queryable } from './named-query.js'
import { send } from './send.js'
import { Interrupted, OVERDUE_MS, SharedConnections } from './shared-connections.js'
import type { WatchedClient } from './watched-client.js'

/** How many statements may wait to borrow a connection. */
const WAITING = 200
const WAIT_MS = 5_000

/** Two for rows and three for pages. With more, fewer statements would share a connection. */
const MAX_SHARED = 5

/** @returns how many of these connections are shared; the rest is for the pool */
export const sharedOf = (connections: number): number => Math.min(MAX_SHARED, Math.floor(connections / 2))

/**
 * Runs reads outside of transactions. Reads of a row or two share connections with each other, and so do pages. A search, or
 * a statement that has just been slow, borrows a connection from the pool, so that no other statement waits behind it. An
 * interrupted statement is sent again, which is safe because all of them only read.
 */
export class FastPath implements Queryable {
  private readonly shared: Record<'row' | 'page', SharedConnections>
  private readonly lent: Gate
  private readonly lentToSlow = new Gate({ total: 1, ofOneKey: 1, waiting: WAITING, waitMs: WAIT_MS })
  /** Names of statements that were overdue on a shared connection and have not been quick since. */
  private readonly slow = new Set<string>()

  /**
   * @param pool lends connections, but always leaves one for transactions. One kind of search may borrow half of them, and
   *   all slow statements together one, so that a locked table does not hold up reads of others
   * @param shared how many connections are shared, beside those of the pool; with a single one, pages borrow theirs
   */
  constructor(
    private readonly pool: Pool,
    shared: number,
  ) {
    const options = pool.options as Pool['options'] & { Client: new (options: object) => WatchedClient }
    const share = (size: number) => new SharedConnections(() => new options.Client(options), size)
    const rows = Math.ceil(shared * 0.4)
    this.shared = { row: share(rows), page: share(shared - rows) }
    const total = Math.max(1, pool.options.max - 1)
    this.lent = new Gate({ total, ofOneKey: Math.ceil(total / 2), waiting: WAITING, waitMs: WAIT_MS })
  }

  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    const shared = query.size === 'search' ? undefined : this.shared[query.size]
    if (shared?.isOpen && !this.slow.has(query.name)) {
      try {
        return await shared.query(query, values)
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error
        if (error.wasOverdue) this.slow.add(query.name)
      }
    }
    const borrow = () => this.borrow(query, values)
    return this.slow.has(query.name) ? this.lentToSlow.pass(query.name, borrow) : borrow()
  }

  /** Ends the shared connections. Later statements borrow theirs. */
  async close(): Promise<void> {
    await Promise.all([this.shared.row.close(), this.shared.page.close()])
  }

  private borrow<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    return this.lent.pass(query.name, async () => {
      const client = await this.pool.connect()
      let isLost = false
      try {
        const begun = performance.now()
        const rows = await send(client, query, values)
        if (performance.now() - begun < OVERDUE_MS) this.slow.delete(query.name)
        return rows
      } catch (error) {
        isLost = isDatabaseUnavailable(error)
        throw error
      } finally {
        client.release(isLost)
      }
    })
  }
}
