import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { QueryRunner } from 'typeorm'
import { OrganizationsPurge } from '../../src/index.js'
import {
  eventually,
  expectError,
  newTestDatabase,
  type TestDatabase,
  type TestOrganization,
  TestServer,
} from '../support/kit.js'

/** Two servers on one database whose operator made the grace period longer: one purges what the other restores. */
const [purging, restoring] = [new TestServer(), new TestServer()]
let database: TestDatabase
let organization: TestOrganization
let holder: QueryRunner

beforeAll(async () => {
  database = await newTestDatabase(process.env.TEST_DATABASE_URL)
  await purging.start({ environment: { DATABASE_URL: database.url, ORGANIZATION_RESTORE_DAYS: '30' } })
  await restoring.start({ environment: { DATABASE_URL: database.url, ORGANIZATION_RESTORE_DAYS: '3650' } })
})
afterAll(async () => {
  for (const server of [purging, restoring]) await server.close()
  await database.close()
})

/** Holds a new organization in a transaction that does `statement` with it. */
async function whileHeld(statement: string, { deleted }: { deleted: boolean }): Promise<void> {
  organization = await restoring.organization()
  if (deleted) {
    await organization.owner.delete(organization.path)
    await restoring.database.dataSource.query(
      `update organizations set deletion_requested_at = now() - interval '31 days' where id = $1`,
      [organization.id],
    )
  }
  holder = restoring.database.dataSource.createQueryRunner()
  await holder.startTransaction()
  await holder.query(statement, [organization.id])
}

/** Lets go of the organization once somebody waits for it. */
async function letGo(): Promise<void> {
  const waiting = () =>
    restoring.database.dataSource.query(
      `select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
  await eventually(waiting, (queries) => queries.length > 0)
  await holder.commitTransaction()
  await holder.release()
}

describe('a restore and a purge at once', () => {
  it('leave the organization whole where the restore came first', async () => {
    await whileHeld('update organizations set deletion_requested_at = null where id = $1', { deleted: true })
    const purged = purging.application.get(OrganizationsPurge).run()
    await letGo()
    expect(await purged).toEqual([])
    expect(await organization.reload()).toEqual({ ...organization.view, is_pending_deletion: false })
  })

  it('restore nothing where the purge came first', async () => {
    await whileHeld('update organizations set deletion_requested_at = to_timestamp(0) where id = $1', { deleted: true })
    const restored = organization.owner.post(`${organization.path}restore/`)
    await letGo()
    expectError(await restored, 404, 'not_found', 'Not found.')
    expect(await organization.reload()).toMatchObject({ is_pending_deletion: true })
    expect(await purging.application.get(OrganizationsPurge).run()).toEqual([organization.id])
  })
})

describe('two writers of an organization at once', () => {
  it('delete it once', async () => {
    await whileHeld('update organizations set deletion_requested_at = now() where id = $1', { deleted: false })
    const answer = organization.owner.delete(organization.path)
    await letGo()
    expectError(await answer, 400, 'invalid_input', 'This organization is already being deleted.')
  })

  it('restore it once', async () => {
    await whileHeld('update organizations set deletion_requested_at = null where id = $1', { deleted: true })
    const answer = organization.owner.post(`${organization.path}restore/`)
    await letGo()
    expectError(await answer, 400, 'invalid_input', 'This organization is not being deleted.')
  })

  it.each(['patch', 'delete'] as const)('answer 404 where the purge came first: %s', async (method) => {
    await whileHeld('delete from organizations where id = $1', { deleted: false })
    const answer = organization.owner[method](organization.path, { name: 'Too late' })
    await letGo()
    expectError(await answer, 404, 'not_found', 'Not found.')
  })

  it('keep what the other changed', async () => {
    await whileHeld(`update organizations set name = 'By the other' where id = $1`, { deleted: false })
    const answer = organization.owner.patch(organization.path, { enforce_2fa: true })
    await letGo()
    expect(await answer).toMatchObject({ status: 200, body: { name: 'By the other', enforce_2fa: true } })
  })
})
