import type { Client, QueryResult } from 'pg'
import type { DataSource, EntityManager, QueryRunner } from 'typeorm'
import { closeRunner, runnerOn } from './fast-path/driver.js'
import type { NamedQuery } from './fast-path/named-query.js'
import { send } from './fast-path/send.js'
import { writeTogether } from './fast-path/write-together.js'

const isOver = () =>
  new Error('This transaction is over: its commit or rollback was sent. Await everything that belongs to it before.')

/** What {@link Database} begins and ends: the connection of a transaction, and what happens after its commit. */
export class UnitOfWork {
  /** The commit, where it was sent already. */
  committing?: Promise<QueryResult>
  private readonly onCommitted: (() => void)[] = []
  private runner?: QueryRunner
  private isClosed = false
  private failure?: { error: unknown }

  /** @param published is called after the commit when something was published */
  constructor(
    readonly dataSource: DataSource,
    private readonly client: Client,
    readonly published: () => void,
  ) {}

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

  onCommit(work: () => void): void {
    this.refuseWhenOver()
    this.onCommitted.push(work)
  }

  /** Part of the work failed, and half of it must not stay: from now on it can only be rolled back. */
  fail(error: unknown): void {
    this.failure ??= { error }
  }

  /** @throws what a part of the work failed with, also where whoever began that part went on */
  async commit(): Promise<QueryResult> {
    this.close()
    if (this.failure) throw this.failure.error
    return (this.committing ??= this.client.query('commit'))
  }

  /** A connection that is gone cannot roll back; what it began is undone by PostgreSQL itself. */
  async rollback(): Promise<void> {
    this.close()
    await this.client.query('rollback').catch(() => undefined)
  }

  tellCommitted(): void {
    for (const work of this.onCommitted) work()
  }

  refuseWhenOver(): void {
    if (this.isClosed) throw isOver()
  }

  private close(): void {
    this.isClosed = true
    if (this.runner) closeRunner(this.runner, isOver)
  }
}
