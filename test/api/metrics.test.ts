import { describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
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
    for (const gauge of [
      'events_unsealed',
      'event_deliveries_waiting',
      'event_deliveries_failing',
      'event_deliveries_failed',
    ])
      expect(answer.text).toMatch(new RegExp(`^${gauge} \\d+$`, 'm'))
    expect(answer.text).not.toContain(acme.id)
  })

  it('counts what docs/reliability.md explains', async () => {
    const { text } = await open.request('GET', '/metrics', { key: 'a token of the operator' })
    const names = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!)
    const own = names.filter((name) => !/^(process|nodejs)_/.test(name))
    const section = (await readFile('docs/reliability.md', 'utf8')).split('\n## Metrics\n')[1]!
    const explained = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name!)
    expect(own.sort()).toEqual(explained.sort())
  })

  it('does not exist without the token, or when none is set', async () => {
    expectError(await open.request('GET', '/metrics'), 404, 'not_found', 'Not found.')
    expectError(await open.request('GET', '/metrics', { key: 'a guess' }), 404, 'not_found', 'Not found.')
    expectError(await closed.request('GET', '/metrics', { key: '' }), 404, 'not_found', 'Not found.')
  })
})
