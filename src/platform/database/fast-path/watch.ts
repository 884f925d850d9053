import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import type { WatchedClient } from './watched-client.js'

/** How often connections that owe an answer are checked. */
const LOOK_MS = 250
/** The server is asked about statements that take longer, and at this interval. */
const SUSPECT_MS = 500
/** Longer than it takes to connect on a busy machine. */
const INQUIRY_MS = 2_000

/** The connections that are watched, by the address of their server. */
const watched = new Map<string, Set<WatchedClient>>()
/** When the server may next be asked about a connection that it knew to be busy. */
const notBefore = new WeakMap<WatchedClient, number>()
let looks: NodeJS.Timeout | undefined

/** Gives a connection up when it has gone silent. */
export function watch(client: WatchedClient): void {
  const server = `${client.host}:${client.port}`
  const clients = watched.get(server) ?? new Set()
  watched.set(server, clients.add(client))
  client.once('end', () => {
    clients.delete(client)
    if (clients.size === 0) watched.delete(server)
  })
  if (looks) return
  let last = performance.now()
  let askedAt = 0
  looks = setInterval(() => {
    const now = performance.now()
    // Data that arrived while this process was busy or stopped is read after this.
    const unheard = now - last > 2 * LOOK_MS ? now - last : 0
    last = now
    const asks = now - askedAt >= SUSPECT_MS
    if (asks) askedAt = now
    for (const clients of watched.values()) look(clients, now, unheard, asks)
    if (watched.size > 0) return
    clearInterval(looks)
    looks = undefined
  }, LOOK_MS)
  looks.unref()
}

function look(clients: Set<WatchedClient>, now: number, unheard: number, asks: boolean): void {
  if (unheard > 0) for (const client of clients) client.forgive(unheard)
  for (const client of clients) if (client.isOverdue(now)) giveUp(client, clients)
  const suspects = [...clients].filter(
    (client) => now - (client.silentSince ?? now) > SUSPECT_MS && now >= (notBefore.get(client) ?? 0),
  )
  if (asks && suspects.length > 0) void inquire(suspects, clients)
}

function giveUp(client: WatchedClient, clients: Set<WatchedClient>): void {
  client.destroy()
  // Unused connections that have been silent since are probably lost too: the next statement would wait as long.
  for (const other of clients) if (other.isIdleLongerThan(client)) other.destroy()
}

/** A connection, and since when it waits. */
interface Suspect {
  client: WatchedClient
  backend: number | null
  since: number
}

/**
 * Asks the server, on a new connection, which of these statements it is running. Any other statement, or its answer, was lost
 * on the way: otherwise we would wait for it long after the server, or its successor, is back.
 */
async function inquire(clients: WatchedClient[], all: Set<WatchedClient>): Promise<void> {
  const suspects = clients.map((client) => ({ client, backend: client.backend, since: client.silentSince! }))
  const inquirer = clients[0]!.sibling()
  const late = setTimeout(() => inquirer.destroy(), INQUIRY_MS)
  try {
    await inquirer.connect()
    const unknown = await unknownOf(suspects, inquirer)
    // Give data in flight time to be read on both sides.
    await sleep(LOOK_MS)
    for (const { client } of await unknownOf(unknown, inquirer)) giveUp(client, all)
  } catch {
    // The server is not back yet, or has no connection left: the next check asks again.
  } finally {
    clearTimeout(late)
    await inquirer.end().catch(() => undefined)
  }
}

/** The connections that still wait, and for which the server is doing nothing. */
async function unknownOf(suspects: Suspect[], inquirer: WatchedClient): Promise<Suspect[]> {
  if (suspects.length === 0) return []
  const { rows } = await (inquirer as Client).query<{ own: number; busy: number[] }>(
    `select pg_backend_pid() as own, array(select pid from pg_stat_activity
       where pid = any($1::integer[]) and (state is null or state not like 'idle%')) as busy`,
    [suspects.map(({ backend }) => backend)],
  )
  const { own, busy } = rows[0]!
  // A pooler gives its clients numbers of its own, which say nothing to PostgreSQL.
  const knows = (backend: number | null) => backend !== null && (own !== inquirer.backend || busy.includes(backend))
  const now = performance.now()
  return suspects.filter(({ client, backend, since }) => {
    if (client.silentSince !== since || client.backend !== backend) return false
    if (!knows(backend)) return true
    notBefore.set(client, now + (now - since))
    return false
  })
}
