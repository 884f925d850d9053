import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How Acme behaves: well, or as it should not. */
export type Mood = 'well' | 'failing' | 'malformed' | 'resetting' | 'slow' | 'talkative'

/** Acme, as far as the provider knows it: one workspace, `rockets`, with its tokens. */
export class FakeAcme {
  mood: Mood = 'well'
  status: 'active' | 'suspended' = 'active'
  readonly tokens = new Set(['token-secret', 'second-token-secret'])
  /** What Acme was told last. */
  connection: Record<string, unknown> | null = null
  private readonly server = createServer((request, response) => void this.answer(request, response))

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.server.closeAllConnections()
    this.server.close()
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += chunk
    if (this.mood === 'resetting') return void request.socket.resetAndDestroy()
    if (this.mood === 'slow') return
    if (this.mood === 'failing') return void response.writeHead(500).end('trouble with token-secret')
    if (this.mood === 'malformed') return void response.writeHead(200).end('{"status": ')
    if (this.mood === 'talkative') return void response.writeHead(200).end(Buffer.alloc(10_485_760, ' '))
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    if (!this.tokens.has(token) || !request.url!.startsWith('/workspaces/rockets')) response.writeHead(401).end()
    else if (request.method === 'DELETE') {
      this.connection = null
      response.writeHead(204).end()
    } else {
      if (request.method === 'PUT') this.connection = JSON.parse(body)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: this.status }))
    }
  }
}
