import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../support/kit.js'
import { ServerProcess } from '../support/server-process.js'

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** One exchange on a connection that the agent keeps. Rejects as the socket does. */
function exchange(agent: Agent, url: string, key: string, body?: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) }
    const sent = request(url, { agent, method: body ? 'POST' : 'GET', headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body ? JSON.stringify(body) : undefined)
  })
}

/** A client that sends one request after the other until nobody listens any more. */
class Client {
  readonly answers: Answer[] = []
  readonly created: string[] = []
  readonly broken: string[] = []

  async run(origin: string, key: string, name: string): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let turn = 0; ; turn++) {
      const organization = turn % 4 === 0 ? `${name} ${turn}` : undefined
      try {
        const answer = await exchange(
          agent,
          `${origin}/api/organizations/`,
          key,
          organization && { name: organization },
        )
        this.answers.push(answer)
        if (answer.status === 201) this.created.push(organization!)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code === 'ECONNREFUSED') return agent.destroy()
        this.broken.push(`${turn}: ${code} ${message}`)
      }
    }
  }
}

describe('SIGTERM', () => {
  let dataDir: string
  const servers: ServerProcess[] = []
  const start = (environment: Record<string, string> = {}): ServerProcess => {
    servers.push(new ServerProcess({ DATA_DIR: dataDir, ...environment }))
    return servers.at(-1)!
  }
  let key: string

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'polity-drain-'))
  })

  afterAll(async () => {
    for (const server of servers) await server.stop('SIGINT')
    await rm(dataDir, { recursive: true, force: true })
  })

  it('breaks no request of 24 clients, and says at once that the server goes away', async () => {
    // Longer than this test may take: the second signal ends it.
    const server = start({ SHUTDOWN_DRAIN_MS: '600000' })
    const origin = await server.ready()
    key = server.key
    const clients = Array.from({ length: 24 }, () => new Client())
    const running = clients.map((client, index) => client.run(origin, key, `Client ${index}`))
    await everyClient(clients, ({ answers }) => answers.length >= 2)

    server.child.kill('SIGTERM')
    await drained(origin)
    const served = await exchange(new Agent(), `${origin}/api/organizations/`, key)
    expect({ status: served.status, connection: served.headers.connection }).toEqual({
      status: 200,
      connection: 'close',
    })
    await everyClient(clients, ({ answers }) => answers.filter(isLast).length >= 2)
    server.child.kill('SIGTERM')
    await Promise.all(running)
    expect(await server.ended).toBe(0)

    expect(clients.flatMap(({ broken }) => broken)).toEqual([])
    for (const { answers } of clients) {
      expect(answers.filter(({ status, body }) => !isOurs(status, body))).toEqual([])
      expect(answers.slice(answers.findIndex(isLast)).filter((answer) => !isLast(answer))).toEqual([])
    }

    const again = start()
    const listed = new Set(await names(await again.ready(), key))
    expect(clients.flatMap(({ created }) => created).filter((name) => !listed.has(name))).toEqual([])
    await again.stop()
  }, 150_000)

  it.each<[string, NodeJS.Signals[]]>([
    ['SIGINT', ['SIGINT']],
    ['a second SIGTERM', ['SIGTERM', 'SIGTERM']],
    ['SIGINT after SIGTERM', ['SIGTERM', 'SIGINT']],
  ])('%s skips the drain', async (_, signals) => {
    // Longer than this test may take.
    const server = start({ SHUTDOWN_DRAIN_MS: '600000' })
    const origin = await server.ready()
    const [first, second] = signals
    server.child.kill(first)
    if (second) {
      await drained(origin)
      server.child.kill(second)
    }
    expect(await server.ended).toBe(0)
  })
})

const isLast = ({ headers }: Answer): boolean => headers.connection === 'close'

const everyClient = (clients: Client[], has: (client: Client) => boolean) =>
  eventually(
    async () => clients.filter(has).length,
    (count) => count === clients.length,
    50_000,
  )

const drained = (origin: string) =>
  eventually(
    () => exchange(new Agent(), `${origin}/readyz`, ''),
    ({ status }) => status === 503,
  )

const isOurs = (status: number, body: string): boolean =>
  status === 200 ? body.startsWith('{"count":') : status === 201 && body.startsWith('{"id":')

async function names(origin: string, key: string): Promise<string[]> {
  const found: string[] = []
  for (let url: string | null = `${origin}/api/organizations/?limit=1000`; url;) {
    const page = JSON.parse((await exchange(new Agent(), url, key)).body)
    found.push(...page.results.map(({ name }: { name: string }) => name))
    url = page.next
  }
  return found
}
