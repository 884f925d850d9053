import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { poolOf } from '../../src/platform/database/fast-path/driver.js'
import { type Answer, eventually, type TestOrganization, TestServer } from '../support/kit.js'
import { OwnPostgres } from '../support/own-postgres.js'
import { scale } from '../support/scale.js'
import { SilentProxy } from '../support/silent-proxy.js'

/** For how long the database stays away after the first requests have been refused. */
const AWAY_MS = scale(0, 30_000)
const environment = { DATABASE_STATEMENT_TIMEOUT_MS: '1000' }

/** More of each than there are connections of its kind. */
const everything = ({ owner, path, server }: TestOrganization): Promise<Answer[]> =>
  Promise.all([
    ...Array.from({ length: 8 }, () => owner.get(path)),
    ...Array.from({ length: 8 }, () => owner.get('/api/organizations/')),
    ...Array.from({ length: 8 }, () => owner.patch(path, { name: `Renamed ${randomUUID()}` })),
    ...Array.from({ length: 8 }, () => owner.post('/api/organizations/', { name: `New ${randomUUID()}` })),
    server.request('GET', '/readyz'),
  ])

/** On a busy machine some of the first connections take longer than they may. */
const allServed = (organization: TestOrganization) =>
  eventually(
    async () => (await everything(organization)).map(({ status }) => status),
    (all) => all.every((status) => status < 300),
    40_000,
  )

/** That nothing but the return of the database is needed, and how long it took. */
async function heals(organization: TestOrganization): Promise<void> {
  const back = Date.now()
  await allServed(organization)
  console.info(`everything answered again ${Date.now() - back} ms after the database's return`)
}

/** What is refused while the database says nothing, and that everything goes on afterwards. */
async function survives(organization: TestOrganization, goAway: () => unknown, comeBack: () => unknown): Promise<void> {
  const { server, owner, path } = organization
  await allServed(organization)
  await goAway()
  const end = Date.now() + AWAY_MS
  try {
    do {
      for (const answer of await everything(organization)) {
        expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 503 })
        expect(answer.headers.get('retry-after')).toBe('5')
      }
      const ready = await server.request('GET', '/readyz')
      expect(ready.body).toMatchObject({ status: 'error', details: { database: { status: 'down' } } })
      expect((await server.request('GET', '/livez')).status).toBe(200)
      await sleep(Math.min(1_000, Math.max(0, end - Date.now())))
    } while (Date.now() < end)
  } finally {
    await comeBack()
  }
  await heals(organization)
  expect((await owner.get(path)).status).toBe(200)
}

describe('a server whose PostgreSQL is frozen', () => {
  let postgres: OwnPostgres
  const server = new TestServer()
  beforeAll(async () => {
    postgres = await OwnPostgres.start()
    await server.start({ environment: { ...environment, DATABASE_URL: postgres.url } })
  }, 120_000)
  afterAll(async () => {
    await server.close()
    await postgres?.stop()
  })

  it(
    'answers 503 with Retry-After, is not ready, and goes on by itself',
    async () => survives(await server.organization(), postgres.freeze, postgres.thaw),
    AWAY_MS + 150_000,
  )
})

describe('a server whose way to PostgreSQL goes silent without closing', () => {
  let proxy: SilentProxy
  const server = new TestServer()
  beforeAll(async () => {
    proxy = await SilentProxy.start(process.env.TEST_DATABASE_URL!)
    await server.start({ environment: { ...environment, DATABASE_URL: proxy.url } })
  })
  afterAll(async () => {
    await server.close()
    await proxy?.stop()
  })

  it(
    'answers 503 with Retry-After, is not ready, and goes on with new connections',
    async () =>
      survives(
        await server.organization(),
        () => proxy.goSilent(),
        () => proxy.comeBack(),
      ),
    AWAY_MS + 150_000,
  )
})

describe('a server whose statements were lost on a way that was silent for a moment', () => {
  let proxy: SilentProxy
  const server = new TestServer()
  beforeAll(async () => {
    proxy = await SilentProxy.start(process.env.TEST_DATABASE_URL!)
    // Longer than everything may take to be served again.
    const patient = { DATABASE_STATEMENT_TIMEOUT_MS: '600000', DATABASE_URL: proxy.url }
    await server.start({ environment: patient })
  })
  afterAll(async () => {
    await server.close()
    await proxy?.stop()
  })

  it('does not wait for their answers', async () => {
    const organization = await server.organization()
    await allServed(organization)
    proxy.goSilent()
    const lost = Array.from({ length: 20 }, () =>
      server.database.transaction((tx) => tx.manager.query('select 1')).catch((error: Error) => error),
    )
    const pool = poolOf(server.database.dataSource)
    await eventually(
      async () => pool.waitingCount,
      (waiting) => waiting > 0,
    )
    proxy.comeBack()
    await heals(organization)
    expect((await Promise.all(lost)).some((answer) => answer instanceof Error)).toBe(true)
  }, 150_000)
})

describe('a server whose PostgreSQL is killed and started again', () => {
  let postgres: OwnPostgres
  const server = new TestServer()
  beforeAll(async () => {
    postgres = await OwnPostgres.start()
    await server.start({ environment: { ...environment, DATABASE_URL: postgres.url } })
  }, 120_000)
  afterAll(async () => {
    await server.close()
    await postgres?.stop()
  })

  it('goes on by itself', async () => {
    const organization = await server.organization()
    await allServed(organization)
    await postgres.kill()
    for (const { status } of await everything(organization)) expect([200, 201, 503]).toContain(status)
    await eventually(
      () => postgres.answers(),
      (isBack) => isBack,
      60_000,
    )
    await heals(organization)
  }, 150_000)
})
