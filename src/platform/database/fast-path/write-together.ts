import type { Client } from 'pg'
import { privates } from './driver.js'

const held = new WeakSet<Client>()

/** Holds back writes to a connection until `later` calls back, to send them in one packet. */
export function writeTogether(client: Client, later: (release: () => void) => void): void {
  if (held.has(client)) return
  const { stream } = privates(client).connection
  held.add(client)
  stream.cork()
  later(() => {
    held.delete(client)
    stream.uncork()
  })
}
