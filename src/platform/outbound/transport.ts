import { Agent, fetch } from 'undici'
import { guardedConnector } from './guarded-connector.js'

const CONNECT_TIMEOUT_MS = 3_000

/** Connections to other systems, kept open between calls. */
export interface Transport {
  fetch: (url: string, init: Parameters<typeof fetch>[1]) => ReturnType<typeof fetch>
  close(): Promise<void>
}

export function openTransport(privateHosts: readonly string[]): Transport {
  const agent = new Agent({ connect: guardedConnector(privateHosts, CONNECT_TIMEOUT_MS) })
  return {
    fetch: (url, init) => fetch(url, { ...init, dispatcher: agent }),
    close: () => agent.destroy(),
  }
}
