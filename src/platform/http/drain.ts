import type { OnModuleDestroy } from '@nestjs/common'
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** After this time without a new connection, every client that wants an answer is connected. */
const QUIET_MS = 50
/** The longest wait for such a moment. */
const LISTEN_ON_MS = 500
/** How long running requests may take to finish before their connections are closed. */
const FINISH_MS = 8_000

/**
 * Takes a server out of service without breaking a request: for a while it announces its end and serves everything, then it
 * stops listening, then it finishes the running requests.
 */
export class Drain implements OnModuleDestroy {
  private server?: Server
  private begun = false
  private readonly skipping = new AbortController()

  /** @param drainMs how long load balancers may go on sending requests */
  constructor(private readonly drainMs: number) {}

  /** Whether the drain has begun. */
  get isDraining(): boolean {
    return this.begun
  }

  /** For `http.createServer`: from the beginning of the drain every answer asks the client to connect anew. */
  get ServerResponse(): typeof ServerResponse {
    const isDraining = () => this.begun
    return class<Request extends IncomingMessage> extends ServerResponse<Request> {
      override writeHead(...head: unknown[]): this {
        if (isDraining()) this.setHeader('connection', 'close')
        return super.writeHead(...(head as Parameters<ServerResponse['writeHead']>))
      }
    }
  }

  watch(server: Server): void {
    this.server = server
  }

  /** Ends the drain, or prevents it. Running requests are still finished. */
  skip(): void {
    this.skipping.abort()
  }

  /** The first hook of NestJS: those that come after it find nobody to serve. */
  async onModuleDestroy(): Promise<void> {
    if (!this.server?.listening) return
    this.begun = true
    await sleep(this.drainMs, undefined, { signal: this.skipping.signal }).catch(() => undefined)
    await stopServing(this.server)
  }
}

/**
 * Requests wait until nobody connects any more, because the kernel resets the connections that it has accepted and we
 * have not when a server stops listening.
 */
async function stopServing(server: Server): Promise<void> {
  const handlers = server.listeners('request') as ((...request: unknown[]) => void)[]
  const waiting: unknown[][] = []
  server.removeAllListeners('request')
  server.on('request', (...request) => waiting.push(request))
  await quiet(server)
  const closed = new Promise((resolve) => server.close(resolve))
  server.removeAllListeners('request')
  for (const handler of handlers) server.on('request', handler)
  for (const request of waiting) server.emit('request', ...request)
  const late = setTimeout(() => server.closeAllConnections(), FINISH_MS)
  await closed
  clearTimeout(late)
}

async function quiet(server: Server): Promise<void> {
  let isQuiet = false
  const hear = () => (isQuiet = false)
  server.on('connection', hear)
  for (const deadline = Date.now() + LISTEN_ON_MS; !isQuiet && Date.now() < deadline;) {
    isQuiet = true
    await sleep(QUIET_MS)
  }
  server.removeListener('connection', hear)
}
