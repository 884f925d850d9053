import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../support/kit.js'
import { ServerProcess } from '../support/server-process.js'

// Each starts servers in processes of their own, which takes long on a busy machine.
jest.setTimeout(250_000)

/** With the keys for its secrets in the data folder too. */
const onFolder = (dataDir: string, port = 0) =>
  new ServerProcess({ DATA_DIR: dataDir, PORT: String(port), INTEGRATION_ENCRYPTION_KEYS: '' })

/** @returns the address of the API */
const ready = async (server: ServerProcess) => `${await server.ready()}/api/organizations/`

describe('the embedded PostgreSQL', () => {
  let dataDir: string
  let key: string
  const starts: ServerProcess[] = []
  const start = (port?: number): ServerProcess => {
    starts.push(onFolder(dataDir, port))
    return starts.at(-1)!
  }

  const names = async (url: string): Promise<string[]> => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
    return ((await response.json()) as { results: { name: string }[] }).results.map(({ name }) => name)
  }

  const create = (url: string, name: string) =>
    fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    })

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'polity-start-'))
  })

  afterAll(async () => {
    for (const { child, ended } of starts) {
      child.kill('SIGTERM')
      await ended
    }
    await rm(dataDir, { recursive: true, force: true })
  })

  it('is stopped with a server that is stopped while it starts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'polity-stop-'))
    const { child, ended } = onFolder(folder)
    const postmaster = join(folder, 'postgres', 'postmaster.pid')
    await eventually(
      async () => existsSync(postmaster),
      (is) => is,
      50_000,
    )
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(existsSync(postmaster)).toBe(false)
    await rm(folder, { recursive: true })
  })

  it('keeps the first key for a start that succeeds', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const failed = start((holder.address() as AddressInfo).port)
    expect(await failed.ended).toBe(1)
    expect(failed.out).toMatch(/^127\.0\.0\.1:\d+ is in use/)
    holder.close()
  })

  it('has one life, whoever is killed: its key is printed once, one server holds it, nothing acknowledged is lost', async () => {
    const first = start()
    const url = await ready(first)
    key = first.key
    expect(first.out).toContain('owner@example.com owns')
    expect(first.out).toContain(`curl -H "Authorization: Bearer ${key}" ${url}`)
    expect(await names(url)).toEqual(['My organization'])

    const second = start()
    expect(await second.ended).toBe(1)
    expect(second.out.trim().split('\n')).toHaveLength(1)
    expect(second.out).toContain(`process ${first.child.pid}`)

    // The server is killed: the next one finds the PostgreSQL that lives on.
    expect((await create(url, 'Before the kill')).status).toBe(201)
    first.child.kill('SIGKILL')
    await first.ended
    const running = start()
    expect(await names(await ready(running))).toEqual(['My organization', 'Before the kill'])
    expect(running.out).not.toContain('phx_')

    // Both are killed: PostgreSQL recovers.
    expect((await create(await ready(running), 'Before the crash')).status).toBe(201)
    const postmaster = Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
    running.child.kill('SIGKILL')
    process.kill(postmaster, 'SIGKILL')
    await running.ended
    const again = start()
    expect(await names(await ready(again))).toEqual(['My organization', 'Before the kill', 'Before the crash'])
    again.child.kill('SIGTERM')
    expect(await again.ended).toBe(0)
  })
})
