import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { DataSource } from 'typeorm'
import { OrganizationsPurge } from '../../src/index.js'
import { type TestOrganization, TestServer, useServer } from '../support/kit.js'

const server = useServer({ ownDatabase: true })
let dataSource: DataSource

beforeAll(() => {
  dataSource = server.database.dataSource
})

afterEach(async () => {
  await dataSource.query('alter table organizations enable trigger all')
  await dataSource.query(
    'drop table if exists "Team notes", contracts, visits, invoices, receipts, stamps, marks, pages, leaflets',
  )
})

/** Deletes the organization and lets its grace period pass. */
async function makeDue(organization: TestOrganization): Promise<void> {
  await organization.owner.delete(organization.path)
  await dataSource.query("update organizations set deletion_requested_at = now() - interval '31 days' where id = $1", [
    organization.id,
  ])
}

const purge = () => server.application.get(OrganizationsPurge).run()

describe('the purge of tables that others made', () => {
  it('goes by the column of the foreign key, whatever its name, and of a composite one by the part that is the id', async () => {
    const [due, alive] = [await server.organization(), await server.organization()]
    for (const statement of [
      'create table "Team notes" (note text, "Team" uuid references organizations on delete cascade)',
      'alter table organizations add unique (slug, id)',
      `create table contracts (slug text, customer uuid, filler uuid default gen_random_uuid(),
         foreign key (slug, customer) references organizations (slug, id) on delete cascade)`,
    ])
      await dataSource.query(statement)
    for (const { id, view } of [due, alive]) {
      await dataSource.query('insert into "Team notes" values ($2, $1)', [id, view.name])
      await dataSource.query('insert into contracts values ($2, $1)', [id, view.slug])
    }
    // More than one batch.
    await dataSource.query(`insert into "Team notes" select 'more', $1 from generate_series(1, 5001)`, [due.id])
    // So that the last statement, which cascades, takes none of what the batches have to find.
    await dataSource.query('alter table organizations disable trigger all')
    await makeDue(due)
    expect(await purge()).toEqual([due.id])
    expect(await dataSource.query('select note, "Team" as team from "Team notes"')).toEqual([
      { note: alive.view.name, team: alive.id },
    ])
    expect(await dataSource.query('select slug, customer from contracts')).toEqual([
      { slug: alive.view.slug, customer: alive.id },
    ])
  })

  it('takes no row of another organization that lies at the same place of another partition', async () => {
    const [due, alive] = [await server.organization(), await server.organization()]
    for (const statement of [
      `create table visits (organization_id uuid references organizations on delete cascade, day integer)
       partition by list (day)`,
      'create table visits_1 partition of visits for values in (1)',
      'create table visits_2 partition of visits for values in (2)',
    ])
      await dataSource.query(statement)
    await dataSource.query('insert into visits values ($1, 1), ($2, 2)', [due.id, alive.id])
    await makeDue(due)
    expect(await purge()).toEqual([due.id])
    expect(await dataSource.query('select * from visits')).toEqual([{ organization_id: alive.id, day: 2 }])
  })
})

describe('a table that keeps organizations from being purged', () => {
  it('is named at the start, and keeps only the organizations that it refers to', async () => {
    for (const statement of [
      'create table invoices (customer uuid constraint invoices_of references organizations)',
      `create table receipts (organization_id uuid, project_id integer, constraint receipts_of
         foreign key (organization_id, project_id) references projects on delete restrict)`,
      'create table stamps (owner uuid not null constraint stamps_of references organizations on delete set null)',
      'create table marks (owner uuid references organizations on delete set null)',
      `create table leaflets (id integer primary key, owner uuid references organizations on delete cascade)`,
      'create table pages (leaflet integer constraint pages_of references leaflets)',
    ])
      await dataSource.query(statement)
    const { url } = dataSource.options as { url: string }
    const next = await TestServer.start({ environment: { DATABASE_URL: url } })
    const named = next.logLines
      .filter((line) => line.includes('ON DELETE CASCADE'))
      .map((line) => JSON.parse(line))
      .map(({ level, table, constraint, refers_to }) => [level, table, constraint, refers_to])
    await next.close()
    expect(named).toEqual([
      [40, 'invoices', 'invoices_of', 'organizations'],
      [40, 'pages', 'pages_of', 'leaflets'],
      [40, 'receipts', 'receipts_of', 'projects'],
      [40, 'stamps', 'stamps_of', 'organizations'],
    ])

    const [kept, due] = [await server.organization(), await server.organization()]
    await dataSource.query('insert into invoices values ($1)', [kept.id])
    await dataSource.query('insert into marks values ($1)', [due.id])
    for (const organization of [kept, due]) await makeDue(organization)
    expect(await purge()).toEqual([due.id])
    expect(await dataSource.query('select owner from marks')).toEqual([{ owner: null }])
    await dataSource.query('delete from invoices')
    expect(await purge()).toEqual([kept.id])
  })
})

describe('what another module does before the rows go', () => {
  it('is done until nothing is left of it, and keeps only the organization for which it fails, until the next run', async () => {
    const [due, kept, alive] = [await server.organization(), await server.organization(), await server.organization()]
    const projectsThen: number[] = []
    const [work, trouble] = [[3, 2, 1, 0], [new Error('not now')]]
    server.application.get(OrganizationsPurge).before(async (tx, id) => {
      if (id === kept.id && trouble.length > 0) throw trouble.pop()!
      if (id !== due.id) return 0
      const rows = await tx.manager.query('select 1 from projects where organization_id = $1', [id])
      projectsThen.push(rows.length)
      return work.shift()!
    })
    for (const organization of [kept, due]) await makeDue(organization)
    expect(await purge()).toEqual([due.id])
    expect(projectsThen).toEqual([1, 1, 1, 1])
    expect((await kept.reload()).projects).toEqual(kept.view.projects)
    expect(await purge()).toEqual([kept.id])
    expect(await alive.reload()).toEqual(alive.view)
    const logged = (sentence: string) =>
      server.logLines
        .map((line) => JSON.parse(line))
        .filter(({ msg, organization_id }) => msg === sentence && [due.id, kept.id].includes(organization_id))
    expect(logged('purge will be tried again')).toMatchObject([
      { organization_id: kept.id, err: { message: 'not now' } },
    ])
    expect(logged('organization purged').map(({ organization_id }) => organization_id)).toEqual([due.id, kept.id])
  })
})
