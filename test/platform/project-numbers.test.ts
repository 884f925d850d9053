import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { DataSource } from 'typeorm'
import { migrationOptions } from '../../src/platform/database/data-source.js'
import { migrateUp } from '../../src/platform/database/migrate.js'
import { ProjectNumbers1764500000000 } from '../../src/projects/migrations/1764500000000-project-numbers.js'
import { newTestDatabase, type TestDatabase } from '../support/kit.js'
import { Plugins } from '../../src/plugins.js'

const { migrations } = new Plugins()

describe('the migration that gives a project’s number to one organization only', () => {
  let opened: TestDatabase
  let database: DataSource
  beforeAll(async () => {
    opened = await newTestDatabase(process.env.TEST_DATABASE_URL)
    database = await new DataSource(migrationOptions(opened.url, migrations)).initialize()
  })
  afterAll(async () => {
    await database?.destroy()
    await opened?.close()
  })

  it('leaves the number with the older of two projects and takes along what refers to the other', async () => {
    const [older, younger] = [randomUUID(), randomUUID()]
    const name = new ProjectNumbers1764500000000().name
    while ((await database.query('select 1 from migrations where name = $1', [name])).length > 0)
      await database.undoLastMigration()
    for (const [id, created_at] of [
      [younger, '2026-01-01'],
      [older, '2020-01-01'],
    ]) {
      await database.query(`insert into organizations (id, name, slug) values ($1, 'Acme', $1::uuid)`, [id])
      await database.query(
        `insert into projects (organization_id, id, uuid, name, api_token, created_at) values ($1, 7, $1, 'Web', 'phc_', $2::timestamptz)`,
        [id, created_at],
      )
      await database.query(
        `insert into organization_integrations (organization_id, id, kind, config)
         values ($1, $1, 'vercel', '{"environment_mapping": {"production": 7, "preview": 9}}')`,
        [id],
      )
      await database.query(
        `insert into project_integrations (organization_id, id, project_id, kind) values ($1, $1, 7, 'vercel')`,
        [id],
      )
      await database.query(
        `insert into users (uuid, distinct_id, email, current_organization_id, current_project_id)
         values ($1::uuid, $1::uuid, $1::uuid, $1::uuid, 7)`,
        [id],
      )
    }
    await migrateUp(opened.url, migrations)

    const rows = await database.query(
      `select p.organization_id, p.id, c.project_id, u.current_project_id, i.config->'environment_mapping' as mapping
       from projects p join project_integrations c using (organization_id)
       join organization_integrations i using (organization_id)
       join users u on u.current_organization_id = organization_id order by p.id`,
    )
    const of = (organization_id: string, id: number) => ({
      organization_id,
      id,
      project_id: id,
      current_project_id: id,
      mapping: { production: id, preview: 9 },
    })
    expect(rows).toEqual([of(older, 7), of(younger, 8)])
    const twice = database.query(
      `insert into projects (organization_id, id, uuid, name, api_token) values ($1, 7, $1, 'Twice', 'phc_')`,
      [younger],
    )
    await expect(twice).rejects.toMatchObject({ driverError: { constraint: 'projects_id' } })
  })
})
