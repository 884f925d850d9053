import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import pg from 'pg'
import { eventually, testEnvironment } from '../support/kit.js'
import { ServerProcess } from '../support/server-process.js'

/** What `npm start` prints, on both outputs, when it ends by itself. */
async function failedStart(
  environment: Record<string, string | undefined>,
  args = ['dist/server/main.js'],
  cwd = process.cwd(),
): Promise<{ code: number | null; printed: string }> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH, ...testEnvironment(), ...environment },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, printed }
}

// Each starts servers in processes of their own, which takes long on a busy machine.
jest.setTimeout(150_000)

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'polity-start-'))
})
afterAll(() => rm(dataDir, { recursive: true }))

it('waits for a database that is not there yet', async () => {
  const direct = new URL(process.env.TEST_DATABASE_URL!)
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  holder.close()
  const through = Object.assign(new URL(direct), { hostname: '127.0.0.1', port }).href
  const server = new ServerProcess({ DATABASE_URL: through, LOG_LEVEL: 'warn', DATA_DIR: dataDir })
  await eventually(
    async () => server.out,
    (out) => out.includes('waiting for the database'),
  )
  const sockets = new Set<Socket>()
  const way = createServer((socket) => {
    const database = connect(Number(direct.port || 5432), direct.hostname)
    for (const end of [socket, database]) sockets.add(end.on('error', () => undefined))
    socket.pipe(database).pipe(socket)
  }).listen(port, '127.0.0.1')
  expect((await fetch(`${await server.ready()}/readyz`)).status).toBe(200)
  expect(await server.stop()).toBe(0)
  for (const socket of sockets) socket.destroy()
  way.close()
})

it('tells that the port is in use before PostgreSQL is set up', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const ownDir = join(await mkdtemp(join(tmpdir(), 'polity-port-')), 'data')
  const { port } = holder.address() as AddressInfo
  const server = new ServerProcess({ DATA_DIR: ownDir, PORT: String(port) })
  expect({ code: await server.ended, out: server.out }).toEqual({
    code: 1,
    out: expect.stringContaining('is in use by another program'),
  })
  holder.close()
  expect(existsSync(ownDir)).toBe(false)
  await rm(dirname(ownDir), { recursive: true })
})

it('warns of variables that begin as settings do and are none', async () => {
  const server = new ServerProcess({
    DATABASE_URL: process.env.TEST_DATABASE_URL!,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
    REDIS_PORT: '1',
  })
  await server.ready()
  expect(server.out).toMatch(/"level":"warn".*"variables":\["REDIS_PORT"\]/)
  expect(await server.stop()).toBe(0)
})

it('refuses a wrong .env with everything that is wrong in it, the server and the command line alike', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'polity-env-'))
  await writeFile(join(folder, '.env'), 'PORT=0x10\nHOST localhost\nCORS_ORIGIN=https://app.example.com\n')
  const printed = `3 settings are wrong. .env.example explains every setting.
  Line 2 of .env cannot be read: write NAME=value, or a comment that begins with #
  CORS_ORIGIN is not the name of a setting: did you mean CORS_ORIGINS?
  PORT is not valid: write a whole number from 0 to 65535
`
  for (const args of [['dist/server/main.js'], ['bin/polity.js', 'serve'], ['bin/polity.js', 'users', 'list']]) {
    const [file, ...rest] = args
    expect(await failedStart({ PORT: undefined }, [resolve(file!), ...rest], folder)).toEqual({ code: 1, printed })
  }
  await rm(folder, { recursive: true })
})

describe('a start that fails says one line, which names the thing and the way out', () => {
  it('when the port is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const port = String((holder.address() as AddressInfo).port)
    const failed = await failedStart({ PORT: port })
    holder.close()
    expect(failed).toEqual({
      code: 1,
      printed: `127.0.0.1:${port} is in use by another program. Stop it, or set PORT to a free port.\n`,
    })
  })

  it('before anything is changed in a database of the operator’s, when its secrets could not be sealed', async () => {
    const { DATABASE_URL } = testEnvironment()
    const name = `polity_empty_${randomUUID().replaceAll('-', '')}`
    const admin = new pg.Client(DATABASE_URL)
    await admin.connect()
    await admin.query(`create database ${name}`)
    const url = Object.assign(new URL(DATABASE_URL!), { pathname: name }).href
    const { code, printed } = await failedStart({ DATABASE_URL: url, INTEGRATION_ENCRYPTION_KEYS: '' })
    expect({ code, printed }).toEqual({
      code: 1,
      printed: expect.stringMatching(/^INTEGRATION_ENCRYPTION_KEYS is not set/),
    })
    const empty = new pg.Client(url)
    await empty.connect()
    expect((await empty.query("select 1 from pg_tables where schemaname = 'public'")).rows).toEqual([])
    await empty.end()
    await admin.query(`drop database ${name}`)
    await admin.end()
  })

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'the database does not answer',
      { DATABASE_URL: 'postgres://polity:hidden@127.0.0.1:1/polity', DATABASE_START_TIMEOUT_MS: '0' },
      /^The database at postgres:\/\/polity:\*\*\*@127\.0\.0\.1:1\/polity cannot be reached: .* correct DATABASE_URL/,
    ],
    ['a setting is not valid', { PORT: 'abc' }, /^PORT is not valid: write a whole number/],
    ['the name of a setting is misspelled', { DATABSE_URL: 'x' }, /^DATABSE_URL is not the name .* DATABASE_URL\?/],
    [
      'secrets could not be sealed',
      { INTEGRATION_ENCRYPTION_KEYS: '' },
      /^INTEGRATION_ENCRYPTION_KEYS is not set\. .* set it to /,
    ],
    [
      'the address is not of this machine',
      { HOST: '192.0.2.1' },
      /^HOST 192\.0\.2\.1 is no address of this machine\. Set HOST/,
    ],
  ])('when %s', async (_, environment, line) => {
    const { code, printed } = await failedStart(environment)
    expect(printed).toMatch(line)
    expect({ code, lines: printed.trim().split('\n').length }).toEqual({ code: 1, lines: 1 })
  })
})
