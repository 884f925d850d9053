import { describe, expect, it } from '@jest/globals'
import { expectError, useServer } from '../support/kit.js'

describe('GET /metrics', () => {
  const open = useServer({ environment: { METRICS_TOKEN: 'a token of the operator' } })
  const closed = useServer()

  it('counts requests by route pattern and waiting events, for who knows the token', async () => {
    const acme = await open.organization()
    await acme.owner.get(acme.path)
    const answer = await open.request('GET', '/metrics', { key: 'a token of the operator' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(answer.text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/api\/organizations\/:id",status="200"\} 1/,
    )
    expect(answer.text).toMatch(/^event_deliveries_failing \d+$/m)
    expect(answer.text).toMatch(/^event_deliveries_failed \d+$/m)
    expect(answer.text).not.toContain(acme.id)
  })

  it('does not exist without the token, or when none is set', async () => {
    expectError(await open.request('GET', '/metrics'), 404, 'not_found', 'Not found.')
    expectError(await open.request('GET', '/metrics', { key: 'a guess' }), 404, 'not_found', 'Not found.')
    expectError(await closed.request('GET', '/metrics', { key: '' }), 404, 'not_found', 'Not found.')
  })
})
