import { describe, expect, it } from '@jest/globals'
import { expectError, type TestServer, useServer } from '../support/kit.js'
import { REDIS_URL, redisAnswers } from '../support/redis.js'

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
