import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { parse } from 'yaml'
import { ApiDescription, errorsOf } from '../support/api-description.js'
import { expectError, testEnvironment, TestServer, useServer } from '../support/kit.js'

const server = useServer()

/** Starts the built server with these variables and waits for it to end. */
function start(environment: Record<string, string>): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, ['dist/server/main.js'], {
    env: { PATH: process.env.PATH, ...testEnvironment(), LOG_LEVEL: 'silent', ...environment },
  })
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out: out.trim() })))
}

describe('npm start', () => {
  it.each([
    [{ PORT: 'high' }, 'PORT is not valid: write a whole number from 0 to 65535'],
    [
      { DATABASE_URL: 'postgres://u:hidden@127.0.0.1:1/none', DATABASE_START_TIMEOUT_MS: '0' },
      'The database at postgres://u:***@127.0.0.1:1/none cannot be reached',
    ],
  ])('with %j says in one line what is wrong', async (environment, sentence) => {
    const { code, out } = await start(environment)
    expect(code).toBe(1)
    expect(out).toContain(sentence)
    expect(out.split('\n')).toHaveLength(1)
    expect(out).not.toContain('hidden')
  })

  it('says that its port is in use', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
    const { port } = holder.address() as { port: number }
    const { code, out } = await start({ PORT: String(port) })
    holder.close()
    expect({ code, out }).toEqual({
      code: 1,
      out: `127.0.0.1:${port} is in use by another program. Stop it, or set PORT to a free port.`,
    })
  })
})

describe('a server whose database went away', () => {
  const direct = new URL(process.env.TEST_DATABASE_URL!)
  const sockets = new Set<Socket>()
  let reachable = true
  const way = createServer((socket) => {
    if (!reachable) return void socket.destroy()
    const database = connect(Number(direct.port || 5432), direct.hostname)
    for (const end of [socket, database]) sockets.add(end.on('error', () => undefined))
    socket.pipe(database).pipe(socket)
  })
  const cutOff = new TestServer()
  beforeAll(async () => {
    await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve))
    const through = new URL(direct)
    through.port = String((way.address() as AddressInfo).port)
    await cutOff.start({ environment: { DATABASE_URL: through.toString() } })
  })
  afterAll(async () => {
    await cutOff.application.close()
    way.close()
  })

  it('answers 503 with Retry-After and no word of the database, and goes on when it is back', async () => {
    const { owner } = await cutOff.organization()
    const described = await ApiDescription.of(cutOff)
    reachable = false
    for (const socket of sockets) socket.destroy()
    // The first statements find their connections broken, later ones find none to be had.
    for (let time = 0; time < 3; time++) {
      const answer = await owner.get('/api/organizations/')
      expectError(answer, 503, 'unavailable', 'The service is temporarily unavailable. Please try again.')
      expect(answer.headers.get('retry-after')).toBe('5')
      const failures = cutOff.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request failed')
      expect(failures.at(-1)).toMatchObject({ level: 50, request_id: answer.headers.get('x-request-id') })
    }
    for (const operation of described.operations.filter(({ security }) => security.length > 0)) {
      const url = operation.path.replace(/\{\w+\}/g, '@current')
      const answer = await cutOff.request(operation.method, url, { key: owner.key })
      const example = errorsOf(operation).find(({ body }) => body.code === 'unavailable')
      expect({ status: answer.status, body: answer.body }).toEqual(example)
    }
    reachable = true
    expect((await owner.get('/api/organizations/')).status).toBe(200)
  })
})

describe('/api/schema/ and /api/docs/', () => {
  it('describe every route, in JSON and in YAML', async () => {
    const json = (await server.request('GET', '/api/schema/')).body
    expect(json.openapi).toBe('3.1.0')
    const retrieve = json.paths['/api/organizations/{id}/'].get
    expect(retrieve).toMatchObject({
      operationId: 'organizations_retrieve',
      'x-required-scope': 'organization:read',
      security: [{ personal_api_key: [] }],
    })
    expect(Object.keys(retrieve.responses)).toEqual(['200', '401', '403', '404', '405', '406', '429', '500', '503'])
    for (const yaml of [
      await server.request('GET', '/api/schema/?format=yaml'),
      await server.request('GET', '/api/schema/', { headers: { accept: 'application/yaml' } }),
    ]) {
      expect(yaml.headers.get('content-type')).toBe('application/yaml')
      expect(parse(yaml.text)).toEqual(json)
    }
  })

  it.each(['/api/docs/', '/api/docs', '/api/docs/?a=b', '/api/docs?a=/'])(
    'has a page that loads nothing from elsewhere, wherever a proxy puts it: %s',
    async (path) => {
      const page = await server.request('GET', path)
      expect(page.status).toBe(200)
      const sources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!)
      expect(sources).toHaveLength(3)
      for (const source of sources) {
        const { origin, pathname } = new URL(source, `https://proxy.example.com/base${path}`)
        expect(origin + pathname).toMatch(/^https:\/\/proxy\.example\.com\/base\/api\/docs-assets\//)
        expect((await server.request('GET', pathname.slice('/base'.length))).status).toBe(200)
      }
    },
  )
})
