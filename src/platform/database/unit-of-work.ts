import type { Client, QueryResult } from 'pg'
import type { DataSource, EntityManager, QueryRunner } from 'typeorm'
import type { DomainEvent, SecurityEvent } from '../events/domain-event.js'
import { PublishedEvents } from '../events/published-events.js'
import { sqlState } from './database-errors.js'
import { closeRunner, runnerOn } from './fast-path/driver.js'
import type { NamedQuery } from './fast-path/named-query.js'
import { send } from './fast-path/send.js'
import { writeTogether } from './fast-path/write-together.js'

/** SQLSTATE in_failed_sql_transaction: a statement before this one failed. */
const ABORTED = '25P02'

const isOver = () =>
  new Error('This transaction is over: its commit or rollback was sent. Await everything that belongs to it before.')

/** The state of a transaction, which {@link Database} begins and ends: its connection, and the work after its commit. */
export class UnitOfWork {
  /** The commit, where it was sent already. */
  committing?: Promise<QueryResult>
  private readonly onCommitted: (() => void)[] = []
  private events = new PublishedEvents()
  private hasPublished = false
  private runner?: QueryRunner
  private isClosed = false
  private failure?: { error: unknown }

  /** @param published is called after the commit when something was published */
  constructor(
    readonly dataSource: DataSource,
    private readonly client: Client,
    private readonly published: () => void,
  ) {}

  get manager(): EntityManager {
    this.refuseWhenOver()
    this.runner ??= runnerOn(this.dataSource, this.client)
    return this.runner.manager
  }

  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    this.refuseWhenOver()
    writeTogether(this.client, (work) => process.nextTick(work))
    return send(this.client, query, values)
  }

  /** Events are written together, by one statement that is sent with the commit. */
  publish(event: DomainEvent<unknown> | SecurityEvent<unknown>): void {
    this.refuseWhenOver()
    this.hasPublished = true
    this.events.add(event)
  }

  onCommit(work: () => void): void {
    this.refuseWhenOver()
    this.onCommitted.push(work)
  }

  /** A part of the work failed: from now on the transaction can only be rolled back. */
  fail(error: unknown): void {
    this.failure ??= { error }
  }

  /** @throws the error of a part that failed, even where its caller ignored it */
  async commit(): Promise<QueryResult> {
    if (this.failure) {
      this.close()
      throw this.failure.error
    }
    return (this.committing ??= this.write())
  }

  /** Runs work. If it fails, only what it wrote and published is undone, and the unit can go on. */
  async attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    const [failure, events] = [this.failure, this.events.copy()]
    await this.manager.query('savepoint attempt')
    try {
      const result = await work()
      await this.manager.query('release savepoint attempt')
      return result
    } catch (error) {
      // If the connection is gone, report that error instead.
      await this.manager.query('rollback to savepoint attempt; release savepoint attempt').catch(() => undefined)
      this.failure = failure
      this.events = events
      throw error
    }
  }

  /** A lost connection cannot roll back; PostgreSQL then undoes the transaction itself. */
  async rollback(): Promise<void> {
    this.close()
    await this.client.query('rollback').catch(() => undefined)
  }

  tellCommitted(): void {
    for (const work of this.onCommitted) work()
    if (this.hasPublished) this.published()
  }

  refuseWhenOver(): void {
    if (this.isClosed) throw isOver()
  }

  /** Sends the events and the commit in one go. */
  private async write(): Promise<QueryResult> {
    const written = [...this.events.statements()].map(([query, values]) =>
      this.query(query, values).catch(unlessAborted),
    )
    this.close()
    const [ended] = await Promise.all([this.client.query('commit'), ...written])
    return ended
  }

  private close(): void {
    this.isClosed = true
    if (this.runner) closeRunner(this.runner, isOver)
  }
}

/** The commit tells of the statement that failed before. */
function unlessAborted(error: unknown): void {
  if (sqlState(error) !== ABORTED) throw error
}
