import { Connection } from 'pg'
import { privates } from './driver.js'
import type { WatchedClient } from './watched-client.js'

const GIVE_UP_MS = 1_000

interface Messages extends Connection {
  connect(port: number | string, host: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: number): void
}

/**
 * Asks PostgreSQL to cancel the statement that a connection is running, over another connection as the protocol demands.
 * PostgreSQL does not say whether it did, and may cancel the next statement instead, so use it only where statements can be
 * sent again.
 */
export function cancelStatement(client: WatchedClient): void {
  const { processID, secretKey, ssl, sslNegotiation } = privates(client)
  if (processID === null || secretKey === null) return
  const connection = new Connection({ ssl, sslNegotiation } as never) as Messages
  const cancel = () => connection.cancel(processID, secretKey)
  connection.on('error', () => undefined)
  connection.on('connect', () => {
    if (!ssl) cancel()
    else if (sslNegotiation !== 'direct') connection.requestSsl()
  })
  connection.on('sslconnect', cancel)
  const late = setTimeout(() => connection.stream.destroy(), GIVE_UP_MS)
  connection.once('end', () => clearTimeout(late))
  if (client.host.startsWith('/')) connection.connect(`${client.host}/.s.PGSQL.${client.port}`, '')
  else connection.connect(client.port, client.host)
}
