import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { useServer } from '../support/kit.js'

const server = useServer({ environment: { REQUEST_TIMEOUT_MS: '400' } })

/** Sends `start`, then `drip` again and again, never comes to an end, and waits until the server has closed. */
async function heard(start: string, drip = ''): Promise<string> {
  const { port, hostname } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  socket.write(start)
  let isOpen = true
  void closed.then(() => (isOpen = false))
  while (isOpen && !socket.readableEnded && drip) {
    if (socket.writable) socket.write(drip)
    await sleep(50)
  }
  await closed
  return text
}

const post = (key: string, length: number, body: string) =>
  [
    'POST /api/organizations/ HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${length}`,
    '',
    body,
  ].join('\r\n')

const timedOut = JSON.stringify({
  type: 'invalid_request',
  code: 'request_timeout',
  detail: 'The request did not arrive in time.',
  attr: null,
})

describe('a request that does not arrive in time', () => {
  it('is answered with 408 when its body never comes', async () => {
    const { key } = await server.user()
    expect(await heard(post(key, 100, '{'))).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    expect(await heard(post(key, 100, '{'))).toContain(`\r\n\r\n${timedOut}`)
  })

  it('is answered with 408 when its body drips', async () => {
    const { key } = await server.user()
    const answer = await heard(post(key, 100_000, '{'), ' ')
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(answer.split('HTTP/1.1')).toHaveLength(2)
  })

  it('is answered with 408 when its head drips, or never begins', async () => {
    expect(await heard('GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', 'x')).toMatch(/^HTTP\/1\.1 408 /)
    expect(await heard('')).toMatch(/^(HTTP\/1\.1 408 |$)/)
  })

  it('does not keep one from being answered that takes as long and comes whole', async () => {
    const { key } = await server.user()
    const text = post(key, 16, '')
    const { port, hostname } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.write(text)
    socket.write('{"name": "Slow"}')
    await once(socket, 'data')
    expect(answer).toMatch(/^HTTP\/1\.1 201 /)
    socket.destroy()
  })
})
