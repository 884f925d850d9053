import { describe, expect, it } from '@jest/globals'
import { expectError, useServer } from '../support/kit.js'

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
