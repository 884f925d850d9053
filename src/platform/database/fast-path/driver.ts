import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Client, Pool, QueryResult } from 'pg'
import type { DataSource, QueryRunner } from 'typeorm'

/**
 * Everything we rely on that pg and TypeORM do not promise. `test/platform/driver.test.ts` fails for each when a new version
 * changes it.
 */
interface ClientPrivates {
  connection: EventEmitter & { stream: Socket }
  processID: number | null
  secretKey: number | null
  ssl: unknown
  sslNegotiation: string
  _connecting: boolean
  _activeQuery?: object | null
  _sentQueryQueue: object[]
  _queryQueue: object[]
}

/** The parts of a query that pg's types leave out. */
export interface SubmittedQuery {
  name: string | undefined
  callback: (error: Error | undefined, result: QueryResult) => void
}

export function privates(client: Client) {
  const own = client as unknown as ClientPrivates
  const { connection, processID, secretKey, ssl, sslNegotiation } = own
  return {
    connection,
    /** The key that a request to cancel needs. */
    processID,
    secretKey,
    ssl,
    sslNegotiation,
    isConnecting: own._connecting,
    /** Whether the server has sent anything yet. */
    hasHeard: connection.stream.bytesRead > 0,
    /** Whether a statement was sent, or is about to be, and has no complete answer yet. */
    owesAnswer: Boolean(own._activeQuery) || own._sentQueryQueue.length > 0 || own._queryQueue.length > 0,
  }
}

/** The pool of connections that TypeORM made. */
export const poolOf = (dataSource: DataSource): Pool => (dataSource.driver as unknown as { master: Pool }).master

/** A runner of TypeORM's on a connection whose transaction has begun. */
export function runnerOn(dataSource: DataSource, client: Client): QueryRunner {
  const runner = dataSource.createQueryRunner()
  return Object.assign(runner, { databaseConnection: client, isTransactionActive: true, transactionDepth: 1 })
}

/** From now on whatever is asked of the runner fails with `refusal`. */
export function closeRunner(runner: QueryRunner, refusal: () => Error): void {
  Object.assign(runner, { isReleased: true, query: () => Promise.reject(refusal()) })
}
