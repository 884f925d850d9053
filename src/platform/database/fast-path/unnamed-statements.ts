import pg from 'pg'
import { WatchedClient } from './watched-client.js'

/**
 * Sends statements without their names. A pooler in transaction mode that does not know them runs a statement on a
 * connection where its name means nothing, or another statement.
 */
export class UnnamingClient extends WatchedClient {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- one implementation of all of pg's overloads
  override query(query: any, ...rest: any[]): any {
    if (query instanceof pg.Query) Object.assign(query, { name: undefined })
    const named = query as { name?: string } | undefined
    const unnamed: unknown = !(query instanceof pg.Query) && named?.name ? { ...named, name: undefined } : query
    return super.query(unnamed, ...(rest as []))
  }
}
