import type {
  DataSource,
  DeepPartial,
  EntityManager,
  EntityTarget,
  ObjectLiteral,
  QueryDeepPartialEntity,
  QueryRunner,
} from 'typeorm'
import type { Client, QueryResult } from 'pg'
import { uuidv7 } from 'uuidv7'
import type { DomainEvent } from '../events/domain-event.js'
import { appendEvent } from '../events/events.queries.js'
import { closeRunner, runnerOn } from './fast-path/driver.js'
import { send } from './fast-path/send.js'
import { writeTogether } from './fast-path/write-together.js'
import type { NamedQuery, Queryable } from './fast-path/named-query.js'
import { rowLock } from './row-lock.js'

const isOver = () =>
  new Error('This transaction is over: its commit or rollback was sent. Await everything that belongs to it before.')

/**
 * One unit of work. What it writes and what it announces stand or fall together. Statements are sent in the order of
 * their calls without waiting for each other, so those that need no answer of one another may be awaited together.
 * Whatever is asked of it after its end throws.
 */
export class Transaction implements Queryable {
  /** For {@link Database}: the commit, where it was sent already. */
  committing?: Promise<QueryResult>
  private readonly onCommitted: (() => void)[] = []
  private runner?: QueryRunner
  private isClosed = false

  constructor(
    private readonly dataSource: DataSource,
    private readonly client: Client,
    private readonly published: () => void,
  ) {}

  /** TypeORM's manager, in this transaction. */
  get manager(): EntityManager {
    this.refuseWhenOver()
    this.runner ??= runnerOn(this.dataSource, this.client)
    return this.runner.manager
  }

  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    this.refuseWhenOver()
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
   * what decides: once sent they are undone only when PostgreSQL refuses one. All of them must be sent at once, without
   * awaiting one of them before another, which rules out {@link manager}; one that comes later throws.
   * @example return tx.last(() => Promise.all([tx.query(change, [id, name]), tx.publish(changed)]))
   */
  last<Result>(statements: () => Promise<Result>): Promise<Result> {
    this.refuseWhenOver()
    const answers = statements()
    // Who waits for the transaction hears of it.
    this.commit().catch(() => undefined)
    return answers
  }

  /** Runs `work` once the transaction has committed, before its caller goes on; never when it has not. It must not fail. */
  onCommit(work: () => void): void {
    this.refuseWhenOver()
    this.onCommitted.push(work)
  }

  /** For {@link Database}. */
  commit(): Promise<QueryResult> {
    this.close()
    return (this.committing ??= this.client.query('commit'))
  }

  /** For {@link Database}. A connection that is gone cannot roll back; what it began is undone by PostgreSQL itself. */
  async rollback(): Promise<void> {
    this.close()
    await this.client.query('rollback').catch(() => undefined)
  }

  /** For {@link Database}. */
  tellCommitted(): void {
    for (const work of this.onCommitted) work()
  }

  /** Writes an event into the log with the change that it tells of: it is there when, and only when, both are committed. */
  async publish<Payload>({
    type,
    organization_id,
    item_id,
    payload,
    changes,
    by,
  }: DomainEvent<Payload>): Promise<void> {
    const { user, credential, origin } = by
    this.onCommit(this.published)
    await this.query(appendEvent, [
      organization_id,
      uuidv7(),
      type,
      item_id,
      JSON.stringify(payload),
      changes && JSON.stringify(changes),
      user?.id ?? null,
      credential.kind,
      credential.id,
      origin.request_id,
      origin.ip,
      origin.user_agent,
    ])
  }

  private close(): void {
    this.isClosed = true
    if (this.runner) closeRunner(this.runner, isOver)
  }

  private refuseWhenOver(): void {
    if (this.isClosed) throw isOver()
  }
}
