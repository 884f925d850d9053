import type {
  DeepPartial,
  EntityManager,
  EntityTarget,
  FindOptionsWhere,
  ObjectLiteral,
  QueryDeepPartialEntity,
} from 'typeorm'
import { DataSource } from 'typeorm'
import type { Pool, PoolClient } from 'pg'
import { uuidv7 } from 'uuidv7'
import type { DomainEvent } from '../events/domain-event.js'
import { isRetryable } from './database-errors.js'
import type { NamedQuery } from './named-query.js'

/** How often a transaction is tried before its serialization failure is the caller's. */
const ATTEMPTS = 5

/** Where statements run: on any connection, or in a transaction. */
export interface Queryable {
  query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]>
}

/** One unit of work. What it writes and what it announces stand or fall together. */
export class Transaction implements Queryable {
  constructor(
    readonly manager: EntityManager,
    private readonly client: PoolClient,
  ) {}

  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    return (await this.client.query({ name: query.name, text: query.text, values })).rows
  }

  /** The row, held against other writers until the transaction ends; null when there is none. */
  lock<Entity extends ObjectLiteral>(
    entity: EntityTarget<Entity>,
    where: FindOptionsWhere<Entity>,
  ): Promise<Entity | null> {
    return this.manager.findOne(entity, { where, lock: { mode: 'pessimistic_write' } })
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

  /** Announces an event with the change it is about: it lands in the outbox when, and only when, the transaction commits. */
  async publish(event: DomainEvent): Promise<void> {
    await this.client.query({
      name: 'outbox.publish',
      text: 'insert into outbox (id, type, organization_id, payload) values ($1, $2, $3, $4)',
      values: [uuidv7(), event.type, event.organization_id, JSON.stringify(event.payload)],
    })
  }
}

/** The door to PostgreSQL: named queries on TypeORM's own pool, and transactions that are retried as a whole. */
export class Database implements Queryable {
  constructor(readonly dataSource: DataSource) {}

  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    return (await this.pool.query({ name: query.name, text: query.text, values })).rows
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
    const runner = this.dataSource.createQueryRunner()
    try {
      const client = (await runner.connect()) as PoolClient
      await runner.startTransaction()
      const result = await work(new Transaction(runner.manager, client))
      await runner.commitTransaction()
      return result
    } catch (error) {
      // A connection that is gone cannot roll back; what it began is undone by PostgreSQL itself.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined)
      throw error
    } finally {
      await runner.release()
    }
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master
  }
}
