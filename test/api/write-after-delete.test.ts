import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { OrganizationIntegration } from '../../src/index.js'
import { type Answer, eventually, expectError, type TestOrganization, useServer } from '../support/kit.js'
import { scale } from '../support/scale.js'

const server = useServer()
const DELETED = 'Your organization is being deleted.'

/** Runs `work` while the organization's row is held, and lets it go once `waiting` statements wait for it. */
async function whileHeld(id: string, work: Array<() => Promise<Answer>>): Promise<Answer[]> {
  const holder = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL })
  const watcher = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL })
  await Promise.all([holder.connect(), watcher.connect()])
  try {
    await holder.query('begin')
    await holder.query('select 1 from organizations where id = $1 for update', [id])
    const { rows } = await holder.query('select pg_backend_pid() as pid')
    const behind = async () =>
      (
        await watcher.query(
          `with recursive waiting as (
             select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid))
             union select a.pid from pg_stat_activity a join waiting w on w.pid = any (pg_blocking_pids(a.pid))
           ) select count(*)::integer as count from waiting`,
          [rows[0].pid],
        )
      ).rows[0].count
    const answers: Promise<Answer>[] = []
    for (const [index, one] of work.entries()) {
      answers.push(one())
      await eventually(behind, (count) => count > index)
    }
    await holder.query('commit')
    return await Promise.all(answers)
  } finally {
    await Promise.all([holder.end(), watcher.end()])
  }
}

async function integrationOf({ id }: TestOrganization): Promise<string> {
  const integration = randomUUID()
  const row = { organization_id: id, id: integration, kind: 'unknown-here', config: { type: 'connectable' } }
  await server.database.dataSource.getRepository(OrganizationIntegration).insert(row)
  return integration
}

describe('a write that waited behind the deletion of its organization', () => {
  it.each<[string, (organization: TestOrganization, integration: string) => Promise<Answer>]>([
    ['PATCH of the organization', ({ owner, path }) => owner.patch(path, { name: 'Too late' })],
    ['PATCH {}', ({ owner, path }) => owner.patch(path, {})],
    ['PUT of the organization', ({ owner, path }) => owner.put(path, { name: 'Too late' })],
    [
      'PATCH of an environment mapping',
      ({ owner, path, view }, integration) =>
        owner.patch(`${path}integrations/${integration}/environment-mapping/`, { production: view.projects[0]!.id }),
    ],
    ['DELETE of an integration', ({ owner, path }, integration) => owner.delete(`${path}integrations/${integration}/`)],
  ])('%s is refused', async (_, write) => {
    for (let round = 0; round < scale(2, 20); round++) {
      const organization = await server.organization()
      const integration = await integrationOf(organization)
      const { owner, path, id } = organization
      const [deleted, late] = await whileHeld(id, [() => owner.delete(path), () => write(organization, integration)])
      expect(deleted!.status).toBe(204)
      expectError(late!, 403, 'permission_denied', DELETED)
      await owner.post(`${path}restore/`)
      expect(await organization.reload()).toMatchObject({ name: organization.view.name })
      expect((await owner.get(`${path}integrations/${integration}/`)).body).toMatchObject({
        config: { type: 'connectable' },
      })
    }
  })
})
