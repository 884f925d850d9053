import type { BeforeApplicationShutdown } from '@nestjs/common'
import type {
  DeepPartial,
  EntityManager,
  EntityTarget,
  ObjectLiteral,
  QueryDeepPartialEntity,
  QueryRunner,
} from 'typeorm'
import { DataSource } from 'typeorm'
import type { Pool, PoolClient, QueryResult } from 'pg'
import { uuidv7 } from 'uuidv7'
import type { DomainEvent } from '../events/domain-event.js'
import { isRetryable } from './database-errors.js'
import { namedQuery, type NamedQuery } from './named-query.js'
import { rowLock } from './row-lock.js'
import { send } from './fast-path/send.js'
import { SharedConnections, writeTogether } from './fast-path/shared-connections.js'

const announcement = namedQuery(
  'outbox.publish',
  'insert into outbox (id, type, organization_id, payload) values ($1, $2, $3, $4)',
)

/** More would run at the same moment, and share less. */
const MAX_SHARED = 4
/** How often a transaction is tried before its serialization failure is the caller's. */
const ATTEMPTS = 5

/** Where statements run: on any connection, or in a transaction. */
export interface Queryable {
  query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]>
}

/**
 * One unit of work. What it writes and what it announces stand or fall together. Statements are sent in the order of
 * their calls without waiting for each other, so those that need no answer of one another may be awaited together.
 */
export class Transaction implements Queryable {
  /** For {@link Database}: the commit, where it was sent already. */
  committing?: Promise<QueryResult>
  private readonly committed: (() => void)[] = []
  private runner?: QueryRunner

  constructor(
    private readonly dataSource: DataSource,
    private readonly client: PoolClient,
  ) {}

  /** TypeORM's manager, in this transaction. */
  get manager(): EntityManager {
    if (!this.runner) {
      this.runner = this.dataSource.createQueryRunner()
      // TypeORM has no public way to take over a connection whose transaction has begun.
      Object.assign(this.runner, { databaseConnection: this.client, isTransactionActive: true, transactionDepth: 1 })
    }
    return this.runner.manager
  }

  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    writeTogether(this.client, process.nextTick)
    return send(this.client, query, values)
  }

  /** The row, held against other writers until the transaction ends; null when there is none. */
  async lock<Entity extends ObjectLiteral>(entity: new () => Entity, where: Partial<Entity>): Promise<Entity | null> {
    const query = rowLock(this.dataSource.getMetadata(entity), Object.keys(where))
    const [row] = await this.query(query, Object.values(where))
    return row ? Object.assign(new entity(), row) : null
  }

  async insert<Entity extends ObjectLiteral>(
    entity: EntityTarget<Entity>,
    row: QueryDeepPartialEntity<Entity>,
  ): Promise<void> {
    await this.manager.insert(entity, row)
  }

  save<Entity extends ObjectLiteral>(entity: EntityTarget<Entity>, row: DeepPartial<Entity>): Promise<Entity> {
    return this.manager.save(entity, row) as Promise<Entity>
  }

  /**
   * Sends the last statements with the commit right behind them, which saves waiting for them before it. They may not be
   * what decides: once sent they are undone only when PostgreSQL refuses one.
   * @example return tx.last(() => Promise.all([tx.query(change, [id, name]), tx.publish(changed)]))
   */
  last<Result>(statements: () => Promise<Result>): Promise<Result> {
    const answers = statements()
    this.committing = this.client.query('commit')
    // Who waits for the transaction hears of it.
    this.committing.catch(() => undefined)
    return answers
  }

  /** Runs `work` once the transaction has committed, before its caller goes on; never when it has not. It must not fail. */
  onCommit(work: () => void): void {
    this.committed.push(work)
  }

  /** For {@link Database}. */
  end({ committed }: { committed: boolean }): void {
    if (this.runner) Object.assign(this.runner, { isReleased: true })
    if (committed) for (const work of this.committed) work()
  }

  /** Announces an event with the change it is about: it lands in the outbox when, and only when, the transaction commits. */
  async publish(event: DomainEvent): Promise<void> {
    await this.query(announcement, [uuidv7(), event.type, event.organization_id, JSON.stringify(event.payload)])
  }
}

/** The door to PostgreSQL: named queries on TypeORM's own pool, and transactions that are retried as a whole. */
export class Database implements Queryable, BeforeApplicationShutdown {
  private readonly pool: Pool
  private readonly shared: SharedConnections

  constructor(readonly dataSource: DataSource) {
    this.pool = (dataSource.driver as unknown as { master: Pool }).master
    // At most half of them, so that transactions always find one.
    this.shared = new SharedConnections(this.pool, Math.min(MAX_SHARED, Math.floor(this.pool.options.max / 2)))
  }

  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    return this.shared.query(query, values)
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.shared.close()
  }

  /**
   * Runs `work` in one transaction. On SQLSTATE 40001 and 40P01 the whole callback runs again, so it may have no other
   * effect than what it writes through its {@link Transaction}.
   */
  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(work)
      } catch (error) {
        if (attempt === ATTEMPTS || !isRetryable(error)) throw error
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt))
      }
    }
  }

  private async once<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect()
    let lost: Error | undefined
    const lose = (error: Error) => void (lost = error)
    client.on('error', lose)
    const tx = new Transaction(this.dataSource, client)
    let committed = false
    try {
      writeTogether(client, process.nextTick)
      const begun = client.query('begin')
      const [result] = await Promise.all([work(tx), begun])
      // What failed unnoticed makes PostgreSQL answer a commit with a rollback.
      const { command } = await (tx.committing ?? client.query('commit'))
      if (command !== 'COMMIT') throw new Error('A statement failed and was not awaited.')
      committed = true
      return result
    } catch (error) {
      const ended = await tx.committing?.catch(() => undefined)
      committed = ended?.command === 'COMMIT'
      // A connection that is gone cannot roll back; what it began is undone by PostgreSQL itself.
      if (!ended) await client.query('rollback').catch(() => undefined)
      throw error
    } finally {
      client.removeListener('error', lose)
      client.release(lost)
      tx.end({ committed })
    }
  }
}
