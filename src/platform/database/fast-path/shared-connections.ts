import type { Pool, PoolClient } from 'pg'
import type { Writable } from 'node:stream'
import type { NamedQuery } from '../named-query.js'
import { send } from './send.js'

interface Connection {
  /** Resolves when it is open. */
  client: Promise<PoolClient>
  open?: PoolClient
  /** What the statements under way cost together. */
  load: number
}

/**
 * Some of a pool's connections, shared by all statements that stand alone. Each statement is sent without waiting for the
 * answers before it (PostgreSQL's pipelining), and those of one turn of the event loop leave in one write: at 50 requests
 * at once that is a third less processor time than lending a connection to each statement.
 *
 * Every statement goes to the least loaded connection, so that up to `size` of them run at the same moment, and a page
 * holds up little of what reads a row.
 */
export class SharedConnections {
  private readonly connections: Connection[] = []
  private closed = false

  /** @param size how many of the pool's connections are held; with 0 every statement borrows one, as pools do */
  constructor(
    private readonly pool: Pool,
    private readonly size: number,
  ) {}

  async query<Row>(query: NamedQuery<Row>, values: unknown[]): Promise<Row[]> {
    const connection = this.closed ? undefined : this.leastLoaded()
    if (!connection) return (await this.pool.query({ name: query.name, text: query.text, values })).rows
    connection.load += query.cost
    try {
      const client = connection.open ?? (await connection.client)
      // Until this turn of the event loop has read all the requests that arrived.
      writeTogether(client, setImmediate)
      return await send(client, query, values)
    } finally {
      connection.load -= query.cost
    }
  }

  /** Gives the connections back to the pool. Later statements borrow theirs. */
  async close(): Promise<void> {
    this.closed = true
    for (const { client } of this.connections.splice(0))
      await client.then((open) => open.release()).catch(() => undefined)
  }

  /** While another is being opened, what is open already serves. */
  private leastLoaded(): Connection | undefined {
    let best: Connection | undefined
    for (const connection of this.connections) if (!best || isBetter(connection, best)) best = connection
    const another = (!best || best.load > 0) && this.connections.length < this.size ? this.open() : undefined
    return best ?? another
  }

  private open(): Connection {
    const connection: Connection = { client: this.pool.connect(), load: 0 }
    this.connections.push(connection)
    const forget = (client?: PoolClient, error?: Error) => {
      const index = this.connections.indexOf(connection)
      if (index < 0) return
      this.connections.splice(index, 1)
      client?.release(error ?? true)
    }
    connection.client.then(
      (client) => {
        connection.open = client
        client.on('error', (error) => forget(client, error))
        client.on('end', () => forget(client))
      },
      () => forget(),
    )
    return connection
  }
}

const isBetter = (one: Connection, other: Connection): boolean =>
  Boolean(one.open) === Boolean(other.open) ? one.load < other.load : Boolean(one.open)

const held = new WeakSet<PoolClient>()

/** Holds back what is written to a connection until `later` comes, to write it at once. */
export function writeTogether(client: PoolClient, later: (release: () => void) => void): void {
  if (held.has(client)) return
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection
  held.add(client)
  stream.cork()
  later(() => {
    held.delete(client)
    stream.uncork()
  })
}
