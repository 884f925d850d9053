import { describe, expect, it } from '@jest/globals'
import { request } from 'node:http'
import { type TestServer, useServer } from '../support/kit.js'

const server = useServer({
  environment: {
    TRUSTED_PROXIES: '127.0.0.1',
    CORS_ORIGINS: 'https://app.example.com',
    METRICS_TOKEN: 'metrics-token-of-a-test',
  },
})

/** As long as a header may be, all of them together being 16 KiB. */
const HEADER = 15_000
/** Half of what a body may be. */
const BODY = 500_000

const all = [
  'a',
  ' ',
  '\t',
  ',',
  ';',
  '/',
  '=',
  '.',
  '0',
  '%',
  '%41',
  '-',
  ':',
  '[',
  '"',
  '\\',
  'a ',
  'a,',
  ';q=0',
  '/a',
  '&a',
  '+',
]

/** In microseconds. */
const NOISE = 15_000
const ROUNDS = 20
const BASELINE_ROUNDS = 3

interface Sent {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: string
}

/** Node's own client, because `fetch` tidies headers up. */
const send = (at: TestServer, { method = 'GET', path = '/api/organizations/', headers, body }: Sent): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(at.url, { method, path, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode!))
    })
    sent.on('error', reject).end(body)
  })

/** Microseconds of processor that a request takes, sent and answered. */
async function cost(sent: Sent): Promise<number> {
  const before = process.cpuUsage()
  await send(server, sent)
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/**
 * The fillings that cost far more than twice as much when they are twice as long. What else runs in the process can only
 * add to a measurement, and a pattern that backtracks costs too much every time: one quick round out of many acquits.
 */
async function superLinear(length: number, fillings: string[], filled: (text: string) => Sent): Promise<string[]> {
  const found = []
  for (const filling of fillings) {
    const half = filled(filling.repeat(length / 2 / filling.length))
    const whole = filled(filling.repeat(length / filling.length))
    const costs = { half: Infinity, whole: await cost(whole) }
    // A baseline that something else ran into would hide a costly pattern.
    for (let round = 0; round < BASELINE_ROUNDS; round++) costs.half = Math.min(costs.half, await cost(half))
    const isTooMuch = () => costs.whole > 3 * costs.half + NOISE
    for (let round = 1; round < ROUNDS && isTooMuch(); round++) costs.whole = Math.min(costs.whole, await cost(whole))
    if (isTooMuch()) found.push(`${JSON.stringify(filling)}: ${costs.half} µs, ${costs.whole} µs`)
  }
  return found
}

describe('what a stranger sends costs no more than its length', () => {
  it.each([
    ['authorization', 'Bearer a'],
    ['authorization', ''],
    ['content-type', 'a'],
    ['accept', 'application/a'],
    ['accept', ''],
    ['x-request-id', 'a'],
    ['x-forwarded-for', '1'],
    ['x-forwarded-host', 'a'],
    ['x-forwarded-proto', 'a'],
    ['host', 'a'],
    ['origin', 'https://a'],
    ['expect', 'a'],
    ['x-vercel-auth', 'a'],
  ])('in the header %s, after %j', async (name, start) => {
    expect(
      await superLinear(HEADER, all, (text) => ({ method: 'POST', headers: { [name]: `${start}${text}b` } })),
    ).toEqual([])
  })

  it.each(['/api/', '/api/organizations/', '/api/organizations/?limit=', '/api/schema/?format=', '/?'])(
    'in a URL, after %s',
    async (start) => {
      const filled = (text: string) => ({ path: start + text.replace(/[^!-~]/g, '+') + 'b' })
      expect(await superLinear(HEADER, all, filled)).toEqual([])
    },
  )

  it.each([
    ['application/json', '{"a": "'],
    ['application/json', ''],
    ['application/x-www-form-urlencoded', 'a='],
    ['text/plain', ''],
  ])('in a body of %s, after %j', async (type, start) => {
    const filled = (text: string) => ({ method: 'POST', headers: { 'content-type': type }, body: `${start}${text}b` })
    expect(await superLinear(BODY, ['a', ' ', '[', '"', '\\', '%41', '&a', '+'], filled)).toEqual([])
  })
})
