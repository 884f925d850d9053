import pg, { type PoolClient, type QueryResult } from 'pg'
import type { NamedQuery } from '../named-query.js'

/** Of the driver's query what its types leave out. */
interface Submitted {
  name: string
  callback: (error: Error | undefined, result: QueryResult) => void
}

/**
 * Sends a statement on a connection. `client.query` would besides copy the settings with their descriptors and make a second
 * promise that mends the stack of an error, which together are a twentieth of a write.
 */
export async function send<Row>(
  client: PoolClient,
  { name, text }: NamedQuery<Row>,
  values: unknown[],
): Promise<Row[]> {
  try {
    return await new Promise<Row[]>((resolve, reject) => {
      const query = new pg.Query(text, values)
      const callback = (error: Error | undefined, result: QueryResult) => {
        if (error) return reject(error)
        const { rows } = result
        // The driver's objects have grown old while the statement waited, and would hold on to the rows (see Json.take).
        result.rows = []
        resolve(rows)
      }
      client.query(Object.assign(query, { name, callback } satisfies Submitted))
    })
  } catch (error) {
    // The stack leads to whoever asked, instead of to the socket.
    Error.captureStackTrace(error as Error)
    throw error
  }
}
