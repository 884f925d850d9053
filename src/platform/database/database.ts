import type { BeforeApplicationShutdown } from '@nestjs/common'
import type { Pool, PoolClient } from 'pg'
import type { DataSource } from 'typeorm'
import { isRetryable, sqlState } from './database-errors.js'
import type { PoolSettings } from './data-source.js'
import { poolOf } from './fast-path/driver.js'
import { FastPath } from './fast-path/index.js'
import { WatchedClient } from './fast-path/watched-client.js'
import { writeTogether } from './fast-path/write-together.js'
import { Gate } from './gate.js'
import { namedQuery, type NamedQuery, type Queryable } from './fast-path/named-query.js'
import { Transaction } from './transaction.js'
import { UnitOfWork } from './unit-of-work.js'

export type { Queryable } from './fast-path/named-query.js'
export { Transaction } from './transaction.js'

/** How often a transaction is tried before the caller gets its serialization failure. */
const ATTEMPTS = 5
/** SQLSTATE read_only_sql_transaction: the connection leads to a primary that has become a standby. */
const READ_ONLY = '25006'
/** The time limit for each statement of a long transaction. */
const LONG_STATEMENT_MS = 600_000
/**
 * A writer that waits for rows of an organization holds a connection. Only a few writers of one organization run
 * at a time, and a limited number waits, so that other organizations always find a connection.
 */
const WRITERS = { total: Infinity, ofOneKey: 2, waiting: 500, waitingOfOneKey: 50, waitMs: 5_000 }

/** Whose rows a transaction locks. Callers have these fields. */
export interface TransactionScope {
  /** The organization whose rows it locks. Writers that wait for them leave connections to other organizations. */
  organization_id?: string
  /** The user whose rows it locks. */
  user_id?: number | null
  /** The transaction that the caller is already in. */
  tx?: Transaction
}

const ping = namedQuery<{ ok: number }>('database.ping', 'select 1 as ok')

/** The door to PostgreSQL: named reads, and transactions that are retried as a whole. */
export class Database implements Queryable, BeforeApplicationShutdown {
  /** Called when a transaction that published something has committed. */
  onPublished?: () => void
  private readonly pool: Pool
  private readonly settings: PoolSettings
  private readonly reads: FastPath
  private readonly writers = new Gate(WRITERS)

  constructor(readonly dataSource: DataSource) {
    this.pool = poolOf(dataSource)
    const { polity } = this.pool.options as { polity?: PoolSettings }
    this.settings = polity ?? { shared: 0, begin: 'begin' }
    this.reads = new FastPath(this.pool, this.settings.shared)
  }

  /**
   * Reads outside of any transaction. Inside a transaction ask its {@link Transaction}, as its writes are visible here only
   * after the commit. The statement may be sent twice, so it must not write.
   */
  query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    return this.reads.query(query, values)
  }

  /** Checks the connections of reads and of writes. @throws the error that keeps one of them from an answer */
  async check(): Promise<void> {
    await Promise.all([this.query(ping, []), this.transaction((tx) => tx.query(ping, []))])
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.reads.close()
  }

  /**
   * Runs `work` in one transaction. On SQLSTATE 40001 and 40P01 the whole callback runs again, so its only
   * effect must be what it writes through its {@link Transaction}. For a caller in a transaction (`tx.for(caller)`), `work`
   * joins that transaction, which commits and retries as a whole. It then does not queue behind other writers, because it
   * already holds a connection.
   * @throws {DatabaseBusy} when too many wait for the same organization or user
   */
  async transaction<Result>(
    work: (tx: Transaction) => Promise<Result>,
    { organization_id, user_id, tx }: TransactionScope = {},
  ): Promise<Result> {
    if (tx) return tx.join(work)
    const attempts = () => this.retried(() => this.once(work, this.settings.begin))
    const key = organization_id ?? user_id
    return key === undefined || key === null ? attempts() : this.writers.pass(String(key), attempts)
  }

  /** The same for jobs and commands whose statements may take minutes each. The time limit for locks stays. */
  longTransaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const begin = `${this.settings.begin}; set local statement_timeout = ${LONG_STATEMENT_MS}`
    return this.retried(() => this.once(work, begin, LONG_STATEMENT_MS))
  }

  private async retried<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (attempt === ATTEMPTS || !isRetryable(error)) throw error
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt))
      }
    }
  }

  private async once<Result>(
    work: (tx: Transaction) => Promise<Result>,
    begin: string,
    atLeastMs = 0,
  ): Promise<Result> {
    const client = await this.pool.connect()
    const giveBack = withDeadline(client, atLeastMs)
    const unit = new UnitOfWork(this.dataSource, client, () => this.onPublished?.())
    let isStandby = false
    try {
      writeTogether(client, (work) => process.nextTick(work))
      const begun = client.query(begin)
      const [result] = await Promise.all([work(new Transaction(unit)), begun])
      const { command } = await unit.commit()
      // If a statement failed unnoticed, PostgreSQL answers the commit with a rollback.
      if (command !== 'COMMIT') throw new Error('A statement failed and was not awaited.')
      unit.tellCommitted()
      return result
    } catch (error) {
      const ended = await unit.committing?.catch(() => undefined)
      if (!ended) await unit.rollback()
      else if (ended.command === 'COMMIT') unit.tellCommitted()
      isStandby = sqlState(error) === READ_ONLY
      throw error
    } finally {
      giveBack(isStandby)
    }
  }
}

/** Lets statements take longer than others may. @returns what gives the connection back; the pool drops one that is lost */
function withDeadline(client: PoolClient, atLeastMs: number): (drop: boolean) => void {
  const watched = client as PoolClient & Partial<Pick<WatchedClient, 'deadlineMs'>>
  const { deadlineMs } = watched
  if (deadlineMs !== undefined) watched.deadlineMs = Math.max(deadlineMs, atLeastMs)
  return (drop) => {
    watched.deadlineMs = deadlineMs
    client.release(drop)
  }
}
