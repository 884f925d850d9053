import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemActor, UsersService } from '../../src/index.js'
import { SilentProxy } from '../support/silent-proxy.js'
import { eventually, TestServer, type TestUser } from '../support/kit.js'

/** How long a request may take that does not wait for Redis. */
const BOUND_MS = 15_000
const AWAY = /Redis does not answer/
const BACK = /Redis answers again/

/** A redis-server of this test's own. */
class OwnRedis {
  private process?: ChildProcess

  private constructor(readonly port: number) {}

  static async reserve(): Promise<OwnRedis> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    return new OwnRedis(port)
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  start(): void {
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    this.process = spawn('redis-server', settings, { stdio: 'ignore' })
  }

  freeze = () => this.process?.kill('SIGSTOP')
  thaw = () => this.process?.kill('SIGCONT')

  async stop(): Promise<void> {
    if (!this.process || this.process.exitCode !== null) return
    const ended = once(this.process, 'exit')
    this.process.kill('SIGKILL')
    await ended
  }
}

const logged = ({ logLines }: TestServer, sentence: RegExp) => logLines.filter((line) => sentence.test(line)).length

async function ask({ server, key }: TestUser, at = server): Promise<number> {
  const answer = at.request('GET', '/api/users/@me/', { key }).then(({ status }) => status)
  return Promise.race([answer, sleep(BOUND_MS, 0, { ref: false })])
}

if (spawnSync('redis-server', ['--version']).status === 0) {
  describe('a Redis that is away at the start, comes, freezes and thaws', () => {
    let redis: OwnRedis
    let server: TestServer
    let other: TestServer

    beforeAll(async () => {
      redis = await OwnRedis.reserve()
      const environment = { REDIS_URL: redis.url, RATE_LIMIT_BURST_PER_MINUTE: '5', AUTH_CACHE_TTL_MS: '2000' }
      ;[server, other] = [await TestServer.start({ environment }), await TestServer.start({ environment })]
    })
    afterAll(async () => {
      redis.thaw()
      await Promise.all([server.close(), other.close()])
      await redis.stop()
    })

    it('never holds up a request, and is missed once each time', async () => {
      const burst = async (times: number, at = server) => {
        const user = await server.user()
        const statuses = []
        for (let count = 0; count < times; count++) statuses.push(await ask(user, at))
        return statuses
      }
      const isShared = async () => {
        const user = await server.user()
        const statuses = []
        for (let count = 0; count < 6; count++) statuses.push(await ask(user, count % 2 ? server : other))
        return statuses
      }
      const whole = [200, 200, 200, 200, 200, 429]
      const lines = (one: TestServer) => [logged(one, AWAY), logged(one, BACK)]

      await eventually(
        async () => lines(server),
        ([away]) => away === 1,
      )
      expect(await burst(6)).toEqual(whole)
      expect(await isShared()).toEqual([200, 200, 200, 200, 200, 200])

      redis.start()
      await eventually(isShared, (statuses) => statuses.join() === whole.join(), 40_000)
      expect(lines(server)).toEqual([1, 1])

      redis.freeze()
      expect(await burst(6)).toEqual(whole)
      const together = await Promise.all(Array.from({ length: 26 }, async () => ask(await server.user())))
      expect(new Set(together)).toEqual(new Set([200]))
      expect(lines(server)).toEqual([2, 1])

      redis.thaw()
      await eventually(isShared, (statuses) => statuses.join() === whole.join(), 40_000)
      expect(lines(server)).toEqual([2, 2])
    })
  })

  describe('a change of access', () => {
    it('is told once the way to Redis is back, when it went silent before', async () => {
      const redis = await OwnRedis.reserve()
      redis.start()
      const proxy = await SilentProxy.start(redis.url)
      const [server, other] = [
        await TestServer.start({ environment: { REDIS_URL: proxy.url, AUTH_CACHE_TTL_MS: '60000' } }),
        await TestServer.start({ environment: { REDIS_URL: redis.url, AUTH_CACHE_TTL_MS: '60000' } }),
      ]
      try {
        const [one, two] = [await server.user(), await server.user()]
        const deactivate = ({ row }: TestUser) =>
          server.application.get(UsersService).deactivate(systemActor('test'), row.id)
        expect([await ask(one, other), await ask(two, other)]).toEqual([200, 200])
        proxy.goSilent()
        await deactivate(one)
        await eventually(
          async () => logged(server, AWAY),
          (times) => times === 1,
        )
        // Nothing is sent for a moment after a command without an answer.
        await deactivate(two)
        expect([await ask(one, other), await ask(two, other)]).toEqual([200, 200])
        proxy.comeBack()
        for (const user of [one, two])
          await eventually(
            () => ask(user, other),
            (status) => status === 401,
            40_000,
          )
      } finally {
        await Promise.all([server.close(), other.close()])
        await proxy.stop()
        await redis.stop()
      }
    })

    it('is told when a frozen Redis thaws, and what may have been missed while it was down is forgotten', async () => {
      const redis = await OwnRedis.reserve()
      redis.start()
      const environment = { REDIS_URL: redis.url, AUTH_CACHE_TTL_MS: '60000' }
      const [server, other] = [await TestServer.start({ environment }), await TestServer.start({ environment })]
      try {
        const [one, two] = [await server.user(), await server.user()]
        const deactivate = ({ row }: TestUser) =>
          server.application.get(UsersService).deactivate(systemActor('test'), row.id)
        expect([await ask(one, other), await ask(two, other)]).toEqual([200, 200])
        redis.freeze()
        await deactivate(one)
        await eventually(
          async () => logged(server, AWAY),
          (times) => times === 1,
        )
        expect(await ask(one, other)).toBe(200)
        redis.thaw()
        await eventually(
          () => ask(one, other),
          (status) => status === 401,
          40_000,
        )
        await redis.stop()
        await deactivate(two)
        redis.start()
        await eventually(
          () => ask(two, other),
          (status) => status === 401,
          40_000,
        )
      } finally {
        redis.thaw()
        await Promise.all([server.close(), other.close()])
        await redis.stop()
      }
    })
  })
}
