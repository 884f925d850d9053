import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { run } from '../../src/server/cli/run.js'
import { loadConfig } from '../../src/index.js'
import { newTestDatabase, type TestDatabase, testEnvironment } from '../support/kit.js'
import { type ExportRow, key, membership, organization, project, user, withExport } from './export-file.js'

/** Enough for several batches of 2,000 lines. */
const ORGANIZATIONS = 1_200
const rows: ExportRow[] = Array.from({ length: ORGANIZATIONS }, (_, index) => {
  const [id, acme] = [index + 1, organization()]
  const uuid = randomUUID()
  return [
    user(id, { uuid, current_organization_id: acme.id, current_team_id: id }),
    acme,
    membership(acme, id),
    project(acme, id),
    key(id, uuid),
    // One line in six is refused.
    membership(acme, ORGANIZATIONS + 1),
  ]
}).flat()

/** The tables that an import writes, without the times at which it wrote. */
const tables = {
  users: 'id',
  organizations: 'id',
  organization_slugs: 'slug',
  organization_memberships: 'id',
  user_organizations: 'user_id',
  projects: 'id',
  personal_api_keys: 'id',
}

describe('an import that is killed in the middle', () => {
  jest.setTimeout(180_000)

  let whole: Database
  let cut: Database
  let stated: Database
  beforeAll(async () => {
    ;[whole, cut, stated] = [await Database.open(), await Database.open(), await Database.open()]
  })
  afterAll(async () => {
    await whole.close()
    await cut.close()
    await stated.close()
  })

  it('ends, when it is run again, with the rows of one that was not, and keeps their numbers from others', async () => {
    await withExport(rows, async (file) => {
      const uncut = await whole.finish(file)
      expect(uncut).toMatchObject({ created: { organization: ORGANIZATIONS } })
      expect(uncut).toMatchObject({ refused_count: ORGANIZATIONS, refused: { length: 100 } })
      for (const organizations of [1, 500]) {
        await cut.killAt(file, organizations)
        expect(await cut.nextNumbers()).toEqual([true, true])
      }
      const resumed = await cut.finish(file)
      expect(resumed.created.organization).toBeLessThan(ORGANIZATIONS)
      expect(resumed.created.organization + resumed.unchanged.organization).toBe(ORGANIZATIONS)
      expect(resumed.refused).toEqual(uncut.refused)
      expect(await cut.content()).toEqual(await whole.content())
    })
  })

  it('goes on, with a state, where it was, and reports the whole', async () => {
    await withExport(rows, async (file) => {
      const state = `${file}.state`
      for (const organizations of [1, 500]) await stated.killAt(file, organizations, state)
      const before = JSON.parse(await readFile(state, 'utf8'))
      expect(before.lines).toBeGreaterThan(0)
      // Were the lines of before taken again, this one would be back.
      await stated.forgetFirst()
      const resumed = await stated.finish(file, state)
      expect(resumed.created.organization + resumed.unchanged.organization).toBe(ORGANIZATIONS)
      expect(resumed.refused_count).toBe(ORGANIZATIONS)
      expect(await stated.count()).toBe(ORGANIZATIONS - 1)

      expect(await stated.finish(file, state)).toEqual(resumed)
      await appendFile(file, `\n${JSON.stringify(user(ORGANIZATIONS + 2))}`)
      expect(await stated.fail(file, state)).toMatch(/is the state of an import of another file\. Remove it/)
      expect(await whole.fail(file, state)).toMatch(/is the state of an import into another database\. Remove it/)
      await writeFile(state, '{}')
      expect(await stated.fail(file, state)).toMatch(/is not the state of an import\.$/)
      expect(await stated.fail(file, `${file}/state`)).toMatch(/cannot be read: ENOTDIR/)
      expect(existsSync(`${state}.new`)).toBe(false)
    })
  })
})

const argumentsOf = (file: string, state?: string): string[] => [
  ...['import', 'posthog', file, '--json'],
  ...(state ? ['--state', state] : []),
]

/** A database of its own, which the built command imports into. */
class Database {
  private constructor(
    private readonly opened: TestDatabase,
    private readonly pool: pg.Pool,
  ) {}

  static async open(): Promise<Database> {
    const opened = await newTestDatabase(process.env.TEST_DATABASE_URL)
    const pool = new pg.Pool({ connectionString: opened.url, max: 1 })
    // The database is dropped with force, perhaps before the connection is gone.
    pool.on('error', () => undefined)
    return new Database(opened, pool)
  }

  async close(): Promise<void> {
    await this.pool.end()
    await this.opened.close()
  }

  /** Imports to the end; 1 says that lines were refused. @returns the report */
  async finish(file: string, state?: string) {
    let out = ''
    const output = { out: (text: string) => void (out += text), err: () => undefined }
    expect(await run(argumentsOf(file, state), { output, config: loadConfig(this.environment) })).toBe(1)
    return JSON.parse(out)
  }

  /** @returns why nothing is imported */
  async fail(file: string, state: string): Promise<string> {
    let errors = ''
    const output = { out: () => undefined, err: (text: string) => void (errors += text) }
    expect(await run(argumentsOf(file, state), { output, config: loadConfig(this.environment) })).toBe(1)
    return JSON.parse(errors).detail
  }

  /** Takes the first organization of the file away. */
  async forgetFirst(): Promise<void> {
    const { rowCount } = await this.pool.query('delete from organizations where id = $1', [rows[1]!.id])
    expect(rowCount).toBe(1)
  }

  /** Kills an import once so many organizations are there. */
  async killAt(file: string, organizations: number, state?: string): Promise<void> {
    const child = this.start(file, state)
    const ended = once(child, 'close')
    while ((await this.count()) < organizations && child.exitCode === null) await sleep(5)
    child.kill('SIGKILL')
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(await this.count()).toBeLessThan(ORGANIZATIONS)
  }

  /** Whether the numbers that come next for users and projects are beyond those of the file. */
  async nextNumbers(): Promise<boolean[]> {
    const { rows } = await this.pool.query(
      `select nextval(pg_get_serial_sequence('users', 'id')) as user, nextval('project_ids') as project`,
    )
    return [rows[0].user, rows[0].project].map((number) => Number(number) > ORGANIZATIONS)
  }

  async content(): Promise<Record<string, unknown[]>> {
    const content: Record<string, unknown[]> = {}
    for (const [table, order] of Object.entries(tables)) {
      const { rows } = await this.pool.query(
        `select to_jsonb(t) - 'updated_at' as row from ${table} t order by ${order}`,
      )
      expect(rows).toHaveLength(ORGANIZATIONS)
      content[table] = rows
    }
    return content
  }

  async count(): Promise<number> {
    const { rows } = await this.pool.query('select count(*)::integer as count from organizations')
    return rows[0].count
  }

  private start(file: string, state?: string): ChildProcess {
    return spawn(process.execPath, ['bin/polity.js', ...argumentsOf(file, state)], {
      env: { PATH: process.env.PATH, ...this.environment },
      stdio: 'ignore',
    })
  }

  private get environment() {
    return { ...testEnvironment(), DATABASE_URL: this.opened.url }
  }
}
