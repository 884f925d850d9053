import { afterAll, expect, it } from '@jest/globals'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { postmasterOf, ServerProcess } from '../support/server-process.js'

let dataDir: string
let server: ServerProcess

afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true, force: true })
})

it('an embedded PostgreSQL that is killed is started again, at most twice a minute', async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'polity-killed-'))
  server = new ServerProcess({ DATA_DIR: dataDir })
  const url = `${await server.ready()}/api/organizations/`
  const headers = { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' }
  const create = (name: string) => fetch(url, { method: 'POST', headers, body: JSON.stringify({ name }) })
  const acknowledged = ['My organization']

  for (const name of ['Before the first kill', 'Before the second kill']) {
    expect((await create(name)).status).toBe(201)
    acknowledged.push(name)
    const postmaster = await postmasterOf(dataDir)
    process.kill(postmaster, 'SIGKILL')
    const seen = new Set<string>()
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20)) {
      const answer = await fetch(url, { headers })
      seen.add(`${answer.status} ${answer.headers.get('retry-after')}`)
      const isBack = answer.status === 200 && (await postmasterOf(dataDir).catch(() => postmaster)) !== postmaster
      if (!isBack) continue
      const { results } = (await answer.json()) as { results: { name: string }[] }
      expect(results.map((organization) => organization.name)).toEqual(acknowledged)
      break
    }
    expect([...seen].sort()).toEqual(['200 null', '503 5'])
  }

  // As often as it comes back: on a machine that is busy the first of them may lie more than a minute in the past.
  for (let killed = 0; server.child.exitCode === null; await sleep(20)) {
    const postmaster = await postmasterOf(dataDir).catch(() => killed)
    if (postmaster !== killed) process.kill((killed = postmaster), 'SIGKILL')
  }
  expect(await server.ended).toBe(1)
  expect(server.out.trim().split('\n').at(-1)).toMatch(
    /^PostgreSQL in \S+ failed 3 times within a minute, at last: PostgreSQL ended with a signal\. .+\.$/,
  )
}, 250_000)
