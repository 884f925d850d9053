import pg from 'pg'
import { eventually, type TestServer } from './kit.js'

/** Somebody who locks what a server with a database of its own wants to write. */
export class RowLocks {
  private constructor(private readonly client: pg.Client) {}

  static async open(server: TestServer): Promise<RowLocks> {
    const url = new URL(process.env.TEST_DATABASE_URL!)
    const [{ name }] = await server.database.dataSource.query('select current_database() as name')
    url.pathname = `/${name}`
    const client = new pg.Client({ connectionString: url.toString() })
    // The server's database is dropped with force first.
    client.on('error', () => undefined)
    await client.connect()
    return new RowLocks(client)
  }

  /** Holds what `statement` locks until `work` is done. */
  async during<Result>(statement: string, values: unknown[], work: () => Promise<Result>): Promise<Result> {
    await this.client.query('begin')
    await this.client.query(statement, values)
    return work().finally(() => this.client.query('rollback'))
  }

  /** Until so many statements wait for a lock. */
  waiting = (count: number) =>
    eventually(
      async () => (await this.client.query('select 1 from pg_locks where not granted')).rows.length,
      (found) => found >= count,
    )

  async close(): Promise<void> {
    await this.client.end()
  }
}
