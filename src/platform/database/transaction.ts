import type { DeepPartial, EntityManager, EntityTarget, ObjectLiteral, QueryDeepPartialEntity } from 'typeorm'
import type { DomainEvent, SecurityEvent } from '../events/domain-event.js'
import type { NamedQuery, Queryable } from './fast-path/named-query.js'
import { rowLock } from './row-lock.js'
import type { UnitOfWork } from './unit-of-work.js'

/**
 * One unit of work. What it writes and what it announces stand or fall together. Statements are sent in the order of
 * their calls without waiting for each other, so those that need no answer of one another may be awaited together.
 * Whatever is asked of it after its end throws.
 */
export class Transaction implements Queryable {
  /** @param isPart whether this is work that joined a transaction, which is not its to end */
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
   * For {@link Database}: runs `work` as a part of this transaction. Its last statements do not commit, and when it
   * fails, so does the whole, whatever whoever began it makes of the error: half of it must not stay.
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
   * Runs `work`; when it fails, only what it wrote is undone, and the transaction can go on. Nothing else may be asked of
   * the transaction meanwhile.
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
   * Sends the last statements with the commit right behind them, which saves waiting for them before it. They may not be
   * what decides: once sent they are undone only when PostgreSQL refuses one. All of them must be sent at once, without
   * awaiting one of them before another, which rules out {@link manager}; one that comes later throws.
   * @example return tx.last(() => tx.query(change, [id, name]))
   */
  last<Result>(statements: () => Promise<Result>): Promise<Result> {
    this.unit.refuseWhenOver()
    const answers = statements()
    // Callers that await the transaction get the error.
    if (!this.isPart) this.unit.commit().catch(() => undefined)
    return answers
  }

  /** Runs `work` once the transaction has committed, before its caller goes on; never when it has not. It must not fail. */
  onCommit(work: () => void): void {
    this.unit.onCommit(work)
  }

  /** Puts an event into the log with the change that it tells of: it is there when, and only when, both are committed. */
  publish<Payload>(event: DomainEvent<Payload> | SecurityEvent<Payload>): void {
    this.unit.publish(event)
  }
}
