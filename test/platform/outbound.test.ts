import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Registry } from 'prom-client'
import { loadConfig, Outbound, OutboundError } from '../../src/index.js'

/** For those that wait for it; the others have all the time that a busy machine takes. */
const HASTY = { OUTBOUND_TIMEOUT_MS: '400' }
const MEBIBYTE = 1_048_576

const outbounds: Outbound[] = []
const servers: Server[] = []

function outbound(environment: Record<string, string> = {}): Outbound {
  const made = new Outbound(
    loadConfig({ OUTBOUND_PRIVATE_HOSTS: '127.0.0.1', OUTBOUND_TIMEOUT_MS: '20000', ...environment }),
    new Registry(),
  )
  outbounds.push(made)
  return made
}

/** Another system, and what it was asked. */
async function system(answer: RequestListener) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push(server)
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}/path?token=query-secret`, host: `127.0.0.1:${port}`, requests }
}

const failure = async (call: Promise<Response>): Promise<OutboundError> => {
  const error = await call.then(
    (response) => new Error(`answered ${response.status}`),
    (thrown: Error) => thrown,
  )
  expect(error).toBeInstanceOf(OutboundError)
  return error as OutboundError
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})
afterAll(() => Promise.all(outbounds.map((one) => one.onApplicationShutdown())))

describe('a call to another system', () => {
  it('brings the whole answer, decompressed, whatever its status', async () => {
    const { url } = await system((_, response) => {
      response.writeHead(418, { 'content-encoding': 'gzip', 'x-name': 'value' }).end(gzipSync('{"short": "stout"}'))
    })
    const response = await outbound().fetch(url)
    expect([response.status, response.headers.get('x-name')]).toEqual([418, 'value'])
    expect(await response.json()).toEqual({ short: 'stout' })
  })

  it.each([204, 205, 304])('brings an answer of %i, which has no body', async (status) => {
    const { url } = await system((_, response) => void response.writeHead(status).end())
    expect((await outbound().fetch(url)).status).toBe(status)
  })

  it('sends method, headers and body as they were given, once more after a failure', async () => {
    const bodies: string[] = []
    const { url, requests } = await system((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => response.writeHead(bodies.push(body) === 1 ? 500 : 200).end())
    })
    const headers = { 'content-type': 'application/json', authorization: 'Bearer x' }
    expect((await outbound().fetch(url, { method: 'PUT', headers, body: '{"a":1}' })).status).toBe(200)
    expect(bodies).toEqual(['{"a":1}', '{"a":1}'])
    expect(requests[1]).toMatchObject({ method: 'PUT', headers })
  })
})

describe('repetition', () => {
  it.each([
    ['GET', 3],
    ['PUT', 3],
    ['DELETE', 3],
    ['POST', 1],
    ['PATCH', 1],
  ])('of a %s that is answered 500: %i attempts in all, then the answer itself', async (method, attempts) => {
    const { url, requests } = await system((_, response) => void response.writeHead(500).end('trouble'))
    const response = await outbound().fetch(url, { method })
    expect([response.status, await response.text(), requests.length]).toEqual([500, 'trouble', attempts])
  })

  it('stops at an answer that says what is wrong', async () => {
    const { url, requests } = await system((_, response) => void response.writeHead(404).end())
    expect((await outbound().fetch(url)).status).toBe(404)
    expect(requests).toHaveLength(1)
  })

  it('goes on after a connection that broke', async () => {
    let times = 0
    const { url } = await system((request, response) => {
      if (++times < 3) request.socket.resetAndDestroy()
      else response.end('here')
    })
    expect(await (await outbound().fetch(url)).text()).toBe('here')
  })

  it('ends with the caller’s signal', async () => {
    const one = outbound()
    let caller = new AbortController()
    const { url, requests } = await system(() => caller.abort(new Error('changed my mind')))
    // However often: it says nothing about the other side.
    for (let time = 0; time < 6; time++) {
      caller = new AbortController()
      await expect(one.fetch(url, { signal: caller.signal })).rejects.toThrow('changed my mind')
    }
    expect(requests).toHaveLength(6)
  })
})

describe('limits', () => {
  it('end an attempt that is not answered in time', async () => {
    const { url, host, requests } = await system(() => undefined)
    const error = await failure(outbound(HASTY).fetch(url, { method: 'POST', body: 'body-secret' }))
    expect(error).toMatchObject({ outcome: 'timeout', message: `${host} did not answer within 0.4 seconds.` })
    expect(requests).toHaveLength(1)
  })

  it('end an answer that begins in time and never ends', async () => {
    const { url } = await system((_, response) => {
      const drip = setInterval(() => response.write('.'), 50)
      response.on('close', () => clearInterval(drip))
    })
    expect(await failure(outbound(HASTY).fetch(url, { method: 'POST' }))).toMatchObject({ outcome: 'timeout' })
  })

  it('admit an answer of 1 MiB and none above', async () => {
    const whole = await system((_, response) => void response.end(Buffer.alloc(MEBIBYTE)))
    expect((await (await outbound().fetch(whole.url)).arrayBuffer()).byteLength).toBe(MEBIBYTE)
    const above = await system((_, response) => void response.end(Buffer.alloc(MEBIBYTE + 1)))
    const error = await failure(outbound().fetch(above.url))
    expect(error).toMatchObject({ outcome: 'too_large', message: `${above.host} answered more than 1 MiB.` })
    // It would be as large the next time.
    expect(above.requests).toHaveLength(1)
  })

  it('count what a small answer unpacks to', async () => {
    const bomb = gzipSync(Buffer.alloc(10 * MEBIBYTE))
    expect(bomb.byteLength).toBeLessThan(MEBIBYTE / 10)
    const { url } = await system((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    })
    expect(await failure(outbound().fetch(url))).toMatchObject({ outcome: 'too_large' })
  })
})

describe('addresses', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0x7f.1'])(
    'refuses the private %s, and asks nothing of it',
    async (name) => {
      const { port, requests } = await system((_, response) => void response.end())
      const error = await failure(outbound({ OUTBOUND_PRIVATE_HOSTS: '' }).fetch(`http://${name}:${port}/`))
      expect(error).toMatchObject({ outcome: 'refused_address' })
      expect(error.message).toContain('is at a private address, which OUTBOUND_PRIVATE_HOSTS forbids')
      expect(requests).toHaveLength(0)
    },
  )

  it('reaches a private name that was allowed', async () => {
    const { port } = await system((_, response) => void response.end('here'))
    const response = await outbound({ OUTBOUND_PRIVATE_HOSTS: 'localhost' }).fetch(`http://localhost:${port}/`)
    expect(await response.text()).toBe('here')
  })

  it.each(['localhost', '[::1]', '127.0.0.2', '169.254.169.254'])('refuses a redirect to %s', async (name) => {
    const inside = await system((_, response) => void response.end('inside'))
    const { url } = await system((_, response) => {
      response.writeHead(302, { location: `http://${name}:${inside.port}/` }).end()
    })
    expect(await failure(outbound().fetch(url))).toMatchObject({ outcome: 'refused_address' })
    expect(inside.requests).toHaveLength(0)
  })

  it('follows a redirect of what carries nothing, and of nothing else', async () => {
    const there = await system((_, response) => void response.end('there'))
    const { url } = await system((_, response) => void response.writeHead(307, { location: there.url }).end())
    expect(await (await outbound().fetch(url)).text()).toBe('there')
    expect(there.requests).toHaveLength(1)
    for (const init of <RequestInit[]>[
      { method: 'POST', body: 'body-secret' },
      { headers: { authorization: 'Bearer header-secret' } },
      { headers: { 'x-api-key': 'header-secret' } },
    ])
      expect(await failure(outbound().fetch(url, init))).toMatchObject({ outcome: 'unreachable' })
    expect(there.requests).toHaveLength(1)
  })
})

describe('the circuit breaker', () => {
  it('opens for a system that fails repeatedly, and for no other', async () => {
    const one = outbound()
    const failing = await system((_, response) => void response.writeHead(503).end())
    const well = await system((_, response) => void response.end('well'))
    for (let time = 0; time < 5; time++) expect((await one.fetch(failing.url, { method: 'POST' })).status).toBe(503)
    const error = await failure(one.fetch(failing.url, { method: 'POST' }))
    expect(error.outcome).toBe('circuit_open')
    expect(error.message).toBe(`${failing.host} failed repeatedly and is not called for a few seconds.`)
    expect(failing.requests).toHaveLength(5)
    expect(await (await one.fetch(well.url)).text()).toBe('well')
  })

  it('is not moved by what our own side refuses, or by answers that say what is wrong', async () => {
    const one = outbound()
    const { url, port } = await system((_, response) => void response.writeHead(400).end())
    for (let time = 0; time < 8; time++) {
      expect((await one.fetch(url, { method: 'POST' })).status).toBe(400)
      expect(await failure(one.fetch(`http://localhost:${port}/`))).toMatchObject({ outcome: 'refused_address' })
      await expect(one.fetch(url, { signal: AbortSignal.abort() })).rejects.toThrow()
    }
  })
})

describe('an error', () => {
  it.each([
    'a broken connection',
    'a closed port',
    'an unknown name',
    'silence',
    'too much',
    'a redirect',
    'a wrong URL',
  ])('of %s says nothing of the URL and of what was sent', async (cause) => {
    const broken: Record<string, RequestListener> = {
      'a broken connection': (request) => void request.socket.resetAndDestroy(),
      'too much': (_, response) => void response.end('answer-secret'.repeat(MEBIBYTE / 10)),
      'a redirect': (_, response) => void response.writeHead(302, { location: '/other?redirect-secret' }).end(),
    }
    const { url } = await system(broken[cause] ?? (() => undefined))
    const target: Record<string, string> = {
      'a closed port': 'http://127.0.0.1:1/path-secret?query-secret',
      'an unknown name': 'http://name.invalid/path-secret?query-secret',
      'a wrong URL': 'http://user:password-secret@name.invalid/path-secret',
    }
    const headers = { authorization: 'Bearer header-secret' }
    const error: Error = await outbound(cause === 'silence' ? HASTY : {})
      .fetch(target[cause] ?? url, { method: 'POST', headers, body: 'body-secret' })
      .then(
        () => new Error('secret: it answered'),
        (thrown: Error) => thrown,
      )
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toMatch(/secret|path\b/)
  })
})
