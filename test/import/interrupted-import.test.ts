import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { run } from '../../src/cli/run.js'
import { loadConfig } from '../../src/index.js'
import { newTestDatabase, type TestDatabase, testEnvironment } from '../support/kit.js'
import { type ExportRow, key, membership, organization, project, user, withExport } from './export-file.js'

const ORGANIZATIONS = 400
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
  let whole: Database
  let cut: Database
  beforeAll(async () => {
    ;[whole, cut] = [await Database.open(), await Database.open()]
  })
  afterAll(async () => {
    await whole.close()
    await cut.close()
  })

  it('ends, when it is run again, with the rows of one that was not, and keeps their numbers from others', async () => {
    await withExport(rows, async (file) => {
      const uncut = await whole.finish(file)
      expect(uncut).toMatchObject({ created: { organization: ORGANIZATIONS } })
      expect(uncut.refused).toHaveLength(ORGANIZATIONS)
      for (const organizations of [1, 200, 300]) {
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
})

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

  /** Imports to the end. @returns the report */
  async finish(file: string) {
    let out = ''
    const output = { out: (text: string) => void (out += text), err: () => undefined }
    expect(await run(['import', 'posthog', file, '--json'], output, loadConfig(this.environment))).toBe(0)
    return JSON.parse(out)
  }

  /** Kills an import once so many organizations are there. */
  async killAt(file: string, organizations: number): Promise<void> {
    const child = this.start(file)
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

  private async count(): Promise<number> {
    const { rows } = await this.pool.query('select count(*)::integer as count from organizations')
    return rows[0].count
  }

  private start(file: string): ChildProcess {
    return spawn(process.execPath, ['bin/polity.js', 'import', 'posthog', file, '--json'], {
      env: { PATH: process.env.PATH, ...this.environment },
      stdio: 'ignore',
    })
  }

  private get environment() {
    return { ...testEnvironment(), DATABASE_URL: this.opened.url }
  }
}
