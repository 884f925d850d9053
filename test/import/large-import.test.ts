import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import pg from 'pg'
import { eventually, newTestDatabase, type TestDatabase, testEnvironment } from '../support/kit.js'
import { type ExportRow, key, membership, organization, project, user, withExport } from './export-file.js'

/** What an import writes, where the planner would rather read the whole table once there are some hundred rows. */
const TABLES = [
  ...['users', 'organizations', 'organization_slugs', 'organization_memberships', 'user_organizations'],
  ...['projects', 'personal_api_keys'],
]

/** So many of each type, with numbers from `first` on. */
const exportOf = (first: number, count: number): ExportRow[] =>
  Array.from({ length: count }, (_, index) => {
    const [id, acme] = [first + index, organization()]
    return [user(id), acme, membership(acme, id), project(acme, id), key(id, randomUUID())]
  }).flat()

describe('a large import', () => {
  jest.setTimeout(180_000)

  let database: TestDatabase
  let client: pg.Client
  beforeAll(async () => {
    database = await newTestDatabase(process.env.TEST_DATABASE_URL)
    client = new pg.Client(database.url)
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await database.close()
  })

  const environment = () => ({ ...testEnvironment(), PATH: process.env.PATH, DATABASE_URL: database.url })
  const command = async (program: string, args: string[]) =>
    promisify(execFile)(program, args, { env: environment(), maxBuffer: 16 * 1024 * 1024 })
  const importFile = async (file: string, ...options: string[]) =>
    JSON.parse(
      (await command(process.execPath, ['bin/polity.js', 'import', 'posthog', file, '--json', ...options])).stdout,
    )

  /** Rows that were read from the beginning of a table to its end, by table, once PostgreSQL has counted `rows` in each. */
  const scanned = async (rows: number): Promise<Record<string, number>> => {
    const counted = await eventually(
      async () => {
        const { rows } = await client.query(
          `select relname, n_tup_ins::integer as inserted, seq_tup_read::integer as scanned
           from pg_stat_user_tables where relname = any($1)`,
          [TABLES],
        )
        return rows as { relname: string; inserted: number; scanned: number }[]
      },
      (tables) => tables.length === TABLES.length && tables.every(({ inserted }) => inserted >= rows),
      30_000,
    )
    return Object.fromEntries(counted.map(({ relname, scanned }) => [relname, scanned]))
  }

  it('reads no table whole, neither for a batch nor to go on where it was', async () => {
    await withExport(exportOf(1, 1_000), importFile)
    const before = await scanned(1_000)
    await withExport(exportOf(2_001, 1_000), async (file) => {
      const report = await importFile(file, '--state', `${file}.state`)
      expect(report.created).toMatchObject({ user: 1_000, personal_api_key: 1_000 })
      expect(await importFile(file, '--state', `${file}.state`)).toEqual(report)
    })
    expect(await scanned(2_000)).toEqual(before)
  })

  it('needs no more memory for a file that is larger than it', async () => {
    const ballast = 'x'.repeat(16 * 1024)
    const rows = exportOf(10_001, 1_600).map((row) => ({ ...row, ballast }))
    await withExport(rows, async (file) => {
      // 130 MB of text. Of the objects that V8 keeps, half are the program's.
      const args = ['--max-old-space-size=80', 'bin/polity.js', 'import', 'posthog', file, '--json']
      const { stdout } = await command(process.execPath, args)
      expect(JSON.parse(stdout).created).toMatchObject({ user: 1_600, personal_api_key: 1_600 })
    })
  })

  it('shows on a terminal how far it is, how quick it is and how long it will take', async () => {
    const lines = [...exportOf(20_001, 1), ...Array.from({ length: 2_500 }, () => '{}')]
    await withExport(lines, async (file) => {
      const plain = `${process.execPath} bin/polity.js import posthog ${file}`
      const shown = await command('script', ['-qec', `${plain}; true`, '/dev/null'])
      expect(shown.stdout).toMatch(
        /^\r2,000 of 2,505 lines, [1-9][\d,]* a second, \d+ s left\x1b\[K\r2,505 of 2,505 lines, [1-9][\d,]* a second, 0 s left\x1b\[K\r\x1b\[Kuser: 1 created/,
      )
      expect(await command('bash', ['--norc', '-c', `${plain}; true`])).toEqual({
        stdout: expect.any(String),
        stderr: '',
      })
    })
  })
})
