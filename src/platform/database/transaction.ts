import type { DeepPartial, EntityManager, EntityTarget, ObjectLiteral, QueryDeepPartialEntity } from 'typeorm'
import type { DomainEvent, SecurityEvent } from '../events/domain-event.js'
import type { NamedQuery, Queryable } from './fast-path/named-query.js'
import { rowLock } from './row-lock.js'
import type { UnitOfWork } from './unit-of-work.js'

/**
 * One unit of work: its writes and its events are committed together or not at all. Statements are sent in the order of
 * their calls, without waiting for each other, so independent ones may be awaited together. Any use after its end throws.
 */
export class Transaction implements Queryable {
  /** @param isPart whether this is work that joined a transaction, and must not end it */
  constructor(
    private readonly unit: UnitOfWork,
    private readonly isPart = false,
  ) {}

  /** TypeORM's manager, in this transaction. */
  get manager(): EntityManager {
    return this.unit.manager
  }

  query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    return this.unit.query(query, values)
  }

  /**
   * The caller, acting in this transaction: what a service does for them joins it, and is undone with it.
   * @example const user = await this.users.create(tx.for(caller), { email, first_name })
   */
  for<Caller extends object>(caller: Caller): Caller & { tx: Transaction } {
    return { ...caller, tx: this }
  }

  /**
   * For {@link Database}: runs `work` as a part of this transaction. Its last statements do not commit. If it fails, the
   * whole transaction fails, even where the caller catches the error: half of the work must not stay.
   */
  async join<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    this.unit.refuseWhenOver()
    try {
      return await work(this.isPart ? this : new Transaction(this.unit, true))
    } catch (error) {
      this.unit.fail(error)
      throw error
    }
  }

  /**
   * Runs `work`. If it fails, only its own writes are undone, and the transaction can go on. Use the transaction for nothing
   * else in the meantime.
   */
  attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.unit.attempt(work)
  }

  /** The row, held against other writers until the transaction ends; null when there is none. */
  async lock<Entity extends ObjectLiteral>(entity: new () => Entity, where: Partial<Entity>): Promise<Entity | null> {
    const query = rowLock(this.unit.dataSource.getMetadata(entity), Object.keys(where))
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
    return this.manager.save(entity, row)
  }

  /**
   * Sends the last statements together with the commit, which saves a round trip. Do not decide by their results: they are
   * rolled back only if PostgreSQL refuses one of them. Send all of them at once, without awaiting one before the next, so
   * not through {@link manager}; a later statement throws.
   * @example return tx.last(() => tx.query(change, [id, name]))
   */
  last<Result>(statements: () => Promise<Result>): Promise<Result> {
    this.unit.refuseWhenOver()
    const answers = statements()
    // Callers that await the transaction get the error.
    if (!this.isPart) this.unit.commit().catch(() => undefined)
    return answers
  }

  /** Runs `work` after the commit, before the caller goes on; never without a commit. It must not throw. */
  onCommit(work: () => void): void {
    this.unit.onCommit(work)
  }

  /** Puts an event into the log. It is committed together with the change that it describes, or not at all. */
  publish<Payload>(event: DomainEvent<Payload> | SecurityEvent<Payload>): void {
    this.unit.publish(event)
  }
}
