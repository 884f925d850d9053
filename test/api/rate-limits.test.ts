import { describe, expect, it, jest } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { accessQuery } from '../../src/access/access.queries.js'
import { hashKeyValue } from '../../src/access/key-value.js'
import { expectError, raw, type TestServer, useServer } from '../support/kit.js'
import { REDIS_URL, redisAnswers } from '../support/redis.js'

let addresses = 0
/** An address that nobody has sent a request from, also when a test runs again. */
const newAddress = () => `198.18.${addresses >> 8}.${addresses++ & 255}`

const server = useServer({ environment: { RATE_LIMIT_BURST_PER_MINUTE: '3' } })

describe('rate limits', () => {
  it('refuse a key past its burst, say when to come back, and leave other keys alone', async () => {
    const { owner } = await server.organization()
    const other = await owner.with({})
    for (let count = 0; count < 3; count++) expect((await owner.get('/api/users/@me/')).status).toBe(200)
    const refused = await owner.get('/api/users/@me/')
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60)
    expectError(refused, 429, 'throttled', `Request was throttled. Expected available in ${seconds} seconds.`)
    expect((await other.get('/api/users/@me/')).status).toBe(200)
  })
})

describe('keys that do not exist', () => {
  const limits = { RATE_LIMIT_FAILURES_PER_MINUTE: '3', TRUSTED_PROXIES: '127.0.0.1' }
  const guarded = useServer({ environment: limits })
  const from = (address: string, key: string, body?: string) =>
    guarded.request(body === undefined ? 'GET' : 'PATCH', '/api/organizations/@current/', {
      ...(body === undefined ? { key } : {}),
      body,
      headers: { 'x-forwarded-for': address },
    })
  const guess = async (address: string) => (await from(address, `phx_${randomUUID()}`)).status

  it('count against the address that sent them, and only valid keys go on from there', async () => {
    const address = newAddress()
    const { owner } = await guarded.organization()
    const other = await owner.with({})
    expect((await from(address, owner.key)).status).toBe(200)
    const statuses = []
    for (let count = 0; count < 5; count++) statuses.push(await guess(address))
    expect(statuses).toEqual([401, 401, 401, 429, 429])
    expect((await from(address, owner.key)).status).toBe(200)
    const refused = await from(address, other.key)
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60)
    expectError(refused, 429, 'throttled', `Request was throttled. Expected available in ${seconds} seconds.`)
    expect((await from(newAddress(), other.key)).status).toBe(200)
    expect((await from(address, other.key)).status).toBe(200)
  })

  it('count against the whole /64 of an IPv6 address', async () => {
    const [network, next] = [`2001:db8:1:${addresses++}`, `2001:db8:1:${addresses++}`]
    const statuses = []
    for (let count = 0; count < 4; count++) statuses.push(await guess(`${network}::${count}`))
    expect(statuses).toEqual([401, 401, 401, 429])
    expect(await guess(`${next}::1`)).toBe(401)
  })

  it('are not asked of the database past the limit, and neither is the same key again and again', async () => {
    const address = newAddress()
    const key = `phx_${randomUUID()}`
    for (let count = 0; count < 3; count++) expect((await from(address, key)).status).toBe(401)
    const asked = jest.spyOn(guarded.database, 'query')
    try {
      expect((await from(address, key)).status).toBe(429)
      expect(await guess(address)).toBe(429)
      // What the server delivers meanwhile it asks for too.
      expect(asked.mock.calls.filter(([query]) => query === accessQuery)).toEqual([])
    } finally {
      asked.mockRestore()
    }
  })

  it('count in a body too, where a valid key goes on', async () => {
    const address = newAddress()
    const { owner } = await guarded.organization()
    const send = (key: string) => from(address, '', JSON.stringify({ personal_api_key: key }))
    expect((await send(owner.key)).status).toBe(200)
    const statuses = []
    for (let count = 0; count < 4; count++) statuses.push((await send(`phx_${randomUUID()}`)).status)
    expect(statuses).toEqual([401, 401, 401, 429])
    expect((await send(owner.key)).status).toBe(200)
  })

  it('keep bodies of more than 16 KiB, which nobody answers for, from being read past the limit', async () => {
    const address = newAddress()
    const { owner } = await guarded.organization()
    const sized = (size: number) => {
      const padded = (padding: string) => JSON.stringify({ personal_api_key: owner.key, padding })
      return padded('x'.repeat(size - padded('').length))
    }
    const endless = ['PATCH /api/organizations/@current/ HTTP/1.1', 'Host: localhost', 'Connection: close']
    const chunked = [...endless, `X-Forwarded-For: ${address}`, 'Transfer-Encoding: chunked', '', '0', '', '']
    const statuses = async () => [
      (await from(address, '', sized(16_384))).status,
      (await from(address, '', sized(16_385))).status,
      Number((await raw(guarded, chunked.join('\r\n'))).slice('HTTP/1.1 '.length, 12)),
    ]
    expect(await statuses()).toEqual([200, 200, 401])
    for (let count = 0; count < 3; count++) expect(await guess(address)).toBe(401)
    expect(await statuses()).toEqual([200, 429, 429])
  })

  it('that were valid count again once they are revoked', async () => {
    const address = newAddress()
    const { owner } = await guarded.organization()
    const key = await guarded.key(owner.row.id, {})
    expect((await from(address, key)).status).toBe(200)
    await guarded.database.dataSource.query('delete from personal_api_keys where secure_value = $1', [
      hashKeyValue(key),
    ])
    const statuses = []
    for (let count = 0; count < 4; count++) statuses.push((await from(address, key)).status)
    expect(statuses).toEqual([401, 401, 401, 429])
  })
})

describe('the API’s description', () => {
  const limited = useServer({ environment: { RATE_LIMIT_BURST_PER_MINUTE: '2' } })

  it('is made once, and counts against the address', async () => {
    const statuses = []
    for (const format of ['yaml', 'json', 'yaml'])
      statuses.push((await limited.request('GET', `/api/schema/?format=${format}`)).status)
    expect(statuses).toEqual([200, 200, 429])
  })
})

describe('the sustained limit', () => {
  const sustained = useServer({ environment: { RATE_LIMIT_SUSTAINED_PER_HOUR: '2', RATE_LIMIT_BURST_PER_MINUTE: '1' } })

  it('holds a key back for longer than the burst, which is refused too', async () => {
    const { owner } = await sustained.organization()
    const waits = []
    for (let count = 0; count < 3; count++)
      waits.push(Number((await owner.get('/api/users/@me/')).headers.get('retry-after')))
    expect(waits[0]).toBe(0)
    expect(waits[1]).toBeGreaterThan(0)
    expect(waits[1]).toBeLessThanOrEqual(60)
    expect(waits[2]).toBeGreaterThan(60)
    expect(waits[2]).toBeLessThanOrEqual(3_600)
  })
})

if (await redisAnswers()) {
  describe('rate limits with Redis', () => {
    const environment = { RATE_LIMIT_BURST_PER_MINUTE: '3', REDIS_URL }
    const [one, other] = [useServer({ environment }), useServer({ environment })]

    it('are shared by all servers', async () => {
      const { owner } = await one.organization()
      const ask = (at: TestServer) => at.request('GET', '/api/users/@me/', { key: owner.key })
      for (const at of [one, other, one]) expect((await ask(at)).status).toBe(200)
      expect([(await ask(other)).status, (await ask(one)).status]).toEqual([429, 429])
    })
  })
}

describe('rate limits while Redis is away', () => {
  const away = useServer({ environment: { RATE_LIMIT_BURST_PER_MINUTE: '2', REDIS_URL: 'redis://127.0.0.1:1' } })

  it('are counted by the server itself', async () => {
    const { owner } = await away.organization()
    const statuses = []
    for (let count = 0; count < 3; count++) statuses.push((await owner.get('/api/users/@me/')).status)
    expect(statuses).toEqual([200, 200, 429])
  })
})
