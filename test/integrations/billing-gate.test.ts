import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { expectError, TestServer } from '../support/kit.js'
import { BeaconProvider, install } from './beacon.js'
import { kindsOf } from '../support/plugin.js'

describe('BILLING_GATE_URL', () => {
  let billing: Server
  let answer: { status: number; body: string }
  /** Answers instead, while set. */
  let trouble: RequestListener | undefined
  const asked: unknown[] = []
  const billed = new TestServer()

  beforeAll(async () => {
    const hear: RequestListener = (request, response) => {
      const { method, headers } = request
      void json(request).then((body) => {
        asked.push({ method, authorization: headers.authorization, body })
        if (trouble) return trouble(request, response)
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
      })
    }
    billing = createServer(hear)
    await new Promise<void>((resolve) => billing.listen(0, '127.0.0.1', resolve))
    await billed.start({
      plugins: [kindsOf(BeaconProvider)],
      ownDatabase: true,
      environment: {
        BILLING_GATE_URL: `http://127.0.0.1:${(billing.address() as AddressInfo).port}/open-invoices`,
        BILLING_GATE_TOKEN: 'planted-billing-token',
        OUTBOUND_TIMEOUT_MS: '500',
      },
    })
  })
  afterEach(() => void (trouble = undefined))
  afterAll(async () => {
    await billed.close()
    billing.closeAllConnections()
    billing.close()
  })

  const bought = async () => {
    const owning = await billed.organization()
    const { id, path, state } = await install(billed, owning, {
      integration_id: `icfg_${owning.id}`,
      config: { type: 'marketplace' },
    })
    await state('synced')
    return { owning, id, path, remove: () => owning.owner.delete(path) }
  }
  const disconnected = (id: string) => billed.application.get(BeaconProvider).hooksOf(id).includes('disconnect')

  it('is asked about what was bought, with its token', async () => {
    answer = { status: 200, body: '{"open_invoices": false}' }
    const { owning, id, remove } = await bought()
    expect((await remove()).status).toBe(204)
    expect(asked.at(-1)).toEqual({
      method: 'POST',
      authorization: 'Bearer planted-billing-token',
      body: { organization_id: owning.id, id, kind: 'beacon', integration_id: `icfg_${owning.id}` },
    })
    expect(disconnected(id)).toBe(true)
  })

  it('is not asked about an account that was linked', async () => {
    answer = { status: 200, body: '{"open_invoices": true}' }
    const owning = await billed.organization()
    const { path } = await install(billed, owning)
    const before = asked.length
    expect((await owning.owner.delete(path)).status).toBe(204)
    expect(asked).toHaveLength(before)
  })

  it('keeps it with 409 while invoices are open', async () => {
    answer = { status: 200, body: '{"open_invoices": true}' }
    const { owning, id, path, remove } = await bought()
    const sentence = 'This integration has unpaid invoices that must be resolved before disconnecting.'
    expectError(await remove(), 409, 'open_invoices_error', sentence)
    expect((await owning.owner.get(path)).status).toBe(200)
    expect(disconnected(id)).toBe(false)
  })

  it.each([
    ['fails', 500, '{"open_invoices": false}'],
    ['refuses us', 401, ''],
    ['answers something else', 200, '{"open_invoices": "no"}'],
    ['answers no JSON', 200, '<html>'],
  ])('keeps it with 503 when billing %s', async (_, status, body) => {
    answer = { status, body }
    const { owning, id, path, remove } = await bought()
    const refused = await remove()
    const sentence = 'Billing cannot be asked for open invoices at the moment. Nothing was changed; try again later.'
    expectError(refused, 503, 'billing_unavailable', sentence)
    expect(refused.headers.get('retry-after')).toBe('30')
    expect((await owning.owner.get(path)).status).toBe(200)
    expect(disconnected(id)).toBe(false)
    expect(billed.logLines.join('')).not.toContain('planted')
  })

  it.each<[string, RequestListener]>([
    ['breaks the connection', (request) => void request.socket.resetAndDestroy()],
    ['never answers', () => undefined],
    ['answers 10 MB', (_, response) => void response.writeHead(200).end(Buffer.alloc(10_485_760))],
  ])('keeps it with 503 while billing %s', async (_, failure) => {
    const { owning, id, path, remove } = await bought()
    trouble = failure
    expect(await remove()).toMatchObject({ status: 503, body: { code: 'billing_unavailable' } })
    expect((await owning.owner.get(path)).status).toBe(200)
    expect(disconnected(id)).toBe(false)
  })
})
