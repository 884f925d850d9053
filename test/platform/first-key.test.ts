import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { eventually, newTestDatabase, type TestDatabase } from '../support/kit.js'
import { ServerProcess } from '../support/server-process.js'

// Each starts servers in processes of their own, which takes long on a busy machine.
jest.setTimeout(150_000)

describe('the key of the first start, on a database of the operator’s', () => {
  let folder: string
  let database: TestDatabase
  let client: pg.Client

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'polity-key-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  beforeEach(async () => {
    database = await newTestDatabase(process.env.TEST_DATABASE_URL)
    client = new pg.Client(database.url)
    await client.connect()
  })

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop('SIGINT')
    await client.end()
    await database.close()
  })

  const servers: ServerProcess[] = []
  const start = (dataDir: string, command?: string[]): ServerProcess => {
    servers.push(new ServerProcess({ DATABASE_URL: database.url, DATA_DIR: dataDir, LOG_FORMAT: 'json' }, command))
    return servers.at(-1)!
  }
  const status = async (url: string, key: string) =>
    (await fetch(`${url}/api/users/@me/`, { headers: { authorization: `Bearer ${key}` } })).status

  it('is in a file that only its owner reads, and is not printed', async () => {
    const server = start(join(folder, 'new', 'data'))
    const url = await server.ready()
    const file = join(folder, 'new', 'data', 'first-api-key')
    expect(server.out).toContain(`\n  ${file}\n`)
    expect(server.out).toContain(`curl -H "Authorization: Bearer $(cat '${file}')" ${url}/api/organizations/`)
    expect(server.out).not.toContain('phx_')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await status(url, (await readFile(file, 'utf8')).trim())).toBe(200)
    expect(await readdir(join(folder, 'new', 'data'))).toEqual(['first-api-key'])
  })

  it('is printed on a terminal', async () => {
    const server = start(join(folder, 'none'), [
      'script',
      '-qec',
      `${process.execPath} dist/server/main.js`,
      '/dev/null',
    ])
    expect(await status(await server.ready(), server.key)).toBe(200)
  })

  it('is written before the transaction that makes it is acknowledged', async () => {
    // The commit waits for a lock that this test holds.
    await client.query(`
      create function wait() returns trigger language plpgsql as
        'begin perform pg_advisory_xact_lock(4711); return null; end';
      create constraint trigger wait after insert on personal_api_keys deferrable initially deferred
        for each row execute function wait();
      select pg_advisory_lock(4711)`)
    const dataDir = join(folder, 'killed')
    const server = start(dataDir)
    const key = await eventually(
      () => readFile(join(dataDir, 'first-api-key'), 'utf8').catch(() => ''),
      (text) => text !== '',
      50_000,
    )
    expect((await client.query('select 1 from users')).rowCount).toBe(0)
    expect(server.out).not.toContain('Polity is ready')
    await client.query('select pg_advisory_unlock(4711)')
    expect(await status(await server.ready(), key.trim())).toBe(200)
  })

  it('is not made where its file cannot be written', async () => {
    const server = start('/dev/null/data')
    expect({ code: await server.ended, out: server.out }).toEqual({
      code: 1,
      out: expect.stringMatching(/^The first API key cannot be written to \/dev\/null\/data\/first-api-key: .*\n$/),
    })
    expect((await client.query('select 1 from users')).rowCount).toBe(0)
  })
})
