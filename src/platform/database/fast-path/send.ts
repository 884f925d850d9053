import pg, { type Client, type QueryResult } from 'pg'
import type { NamedQuery } from './named-query.js'
import type { SubmittedQuery } from './driver.js'

/**
 * Sends a statement on a connection. `client.query` would also copy the settings with their descriptors and create a second
 * promise that mends the stack of an error. Together they take a twentieth of a write's time.
 */
export async function send<Row>(client: Client, { name, text }: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
  try {
    return await new Promise<Row[]>((resolve, reject) => {
      const query = new pg.Query(text, values)
      const callback = (error: Error | undefined, result: QueryResult) => {
        if (error) return reject(error)
        const { rows } = result
        // The driver's objects are old by now and would keep the rows in memory (see Json.take).
        result.rows = []
        resolve(rows)
      }
      client.query(Object.assign(query, { name, callback } satisfies SubmittedQuery))
    })
  } catch (error) {
    // Let the stack lead to the caller instead of to the socket.
    Error.captureStackTrace(error as Error)
    throw error
  }
}
