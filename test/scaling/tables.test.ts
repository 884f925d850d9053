import { describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { useServer } from '../support/kit.js'
import { directoryTables, localTables, organizationTables } from '../support/tables.js'

const server = useServer()

/** Indexes without the organization first, which `docs/scaling.md` has with their reasons. */
const JOBS_INDEXES = [
  ...['event_deliveries_due', 'event_deliveries_failed', 'event_deliveries_failing', 'events_age', 'events_unsealed'],
  ...['organization_integrations_not_synced', 'organization_integrations_sealed', 'organizations_deletion'],
]
/** Unique over all organizations, which only one machine can check. */
const PROJECT_NUMBERS = 'projects_id'

const rows = <Row>(statement: string): Promise<Row[]> => server.database.dataSource.query(statement)

const first = (column: string, relation: string, columns: string) =>
  `(select attname from pg_attribute where attrelid = ${relation} and attnum = ${columns}[0]) as ${column}`

describe('each table of the schema', () => {
  it('is an organization table, a directory table or a local one', async () => {
    const tables = await rows<{ name: string }>(
      `select relname as name from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace`,
    )
    const known = [...Object.keys(organizationTables), ...directoryTables, ...localTables]
    expect(tables.map(({ name }) => name).sort()).toEqual(known.sort())
  })
})

describe('an organization table', () => {
  it('has its organization first in every key and index', async () => {
    const indexes = await rows<{ table: string; name: string; leading: string | null }>(
      `select indrelid::regclass::text as table, indexrelid::regclass::text as name, ${first('leading', 'indrelid', 'indkey')}
       from pg_index where indrelid::regclass::text = any('{${Object.keys(organizationTables).join()}}')`,
    )
    const others = indexes.filter(({ table, leading }) => leading !== organizationTables[table])
    expect(others.map(({ name }) => name).sort()).toEqual([...JOBS_INDEXES, PROJECT_NUMBERS].sort())
  })

  it('has it first in every foreign key to another one, on both sides, and in none to a directory', async () => {
    const keys = await rows<{ name: string; table: string; refers_to: string; here: string; there: string }>(
      `select conname as name, conrelid::regclass::text as table, confrelid::regclass::text as refers_to,
         (select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1]) as here,
         (select attname from pg_attribute where attrelid = confrelid and attnum = confkey[1]) as there
       from pg_constraint where contype = 'f'`,
    )
    const misfits = keys.filter(({ table, refers_to, here, there }) => {
      if (!organizationTables[refers_to]) return here === organizationTables[table]
      return here !== organizationTables[table] || there !== organizationTables[refers_to]
    })
    expect(keys.length).toBeGreaterThan(0)
    expect(misfits).toEqual([])
  })
})

describe('docs/scaling.md', () => {
  it('names the tables of the schema, in an order that their foreign keys allow', async () => {
    const page = await readFile('docs/scaling.md', 'utf8')
    const [, recipe] = /```sql\n(.*?)```/s.exec(page)!
    const placed = [...recipe!.matchAll(/create_(reference|distributed)_table\('(\w+)'(?:, '(\w+)')?/g)]
    expect(placed.filter(([, kind]) => kind === 'reference').map(([, , table]) => table)).toEqual([...directoryTables])
    const distributed = placed.filter(([, kind]) => kind === 'distributed').map(([, , table, key]) => [table, key])
    expect(distributed).toEqual(Object.entries(organizationTables))
    const order = placed.map(([, , table]) => table!)
    const keys = await rows<{ table: string; refers_to: string }>(
      `select conrelid::regclass::text as table, confrelid::regclass::text as refers_to
       from pg_constraint where contype = 'f' and conrelid <> confrelid`,
    )
    expect(keys.filter(({ table, refers_to }) => order.indexOf(refers_to) > order.indexOf(table))).toEqual([])
  })

  it('says why an index does not begin with the organization', async () => {
    const page = await readFile('docs/scaling.md', 'utf8')
    expect([...JOBS_INDEXES, PROJECT_NUMBERS].filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })
})
