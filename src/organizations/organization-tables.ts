import { Inject, Injectable, type OnModuleInit } from '@nestjs/common'
import { Database } from '../platform/database/database.js'
import { namedQuery, SEARCH } from '../platform/database/fast-path/named-query.js'
import { StartError } from '../platform/start-error.js'

/** The tables that plugins declare as `organizationTables`. */
export const ORGANIZATION_TABLES = Symbol('organization tables')

/**
 * $1 names of tables. Returns what is wrong with each: `missing` the table itself; `cascade` a foreign key to organizations that deletes
 * its rows with the organization; otherwise the primary key, unique constraint or foreign key in which organization_id does
 * not come first. A number that is unique everywhere is allowed, as it reveals nothing about another organization.
 */
const faultsOfTables = namedQuery<{ name: string; fault: string; constraint: string | null }>(
  'organizations.faults_of_tables',
  `select name, fault, constraint_name as constraint
   from unnest($1::text[]) as name
   left join pg_class on pg_class.oid = to_regclass(quote_ident(name))
   cross join lateral (
     select 'missing' as fault, null::text as constraint_name where pg_class.oid is null
     union all
     select 'cascade', null where pg_class.oid is not null and not exists (
       select 1 from pg_constraint
       where conrelid = pg_class.oid and contype = 'f' and confrelid = to_regclass('organizations') and confdeltype = 'c')
     union all
     select 'order', conname from pg_constraint
     where conrelid = pg_class.oid and contype in ('p', 'u', 'f')
       and not (contype = 'f' and confrelid = to_regclass('users'))
       and not exists (
         select 1 from pg_attribute
         where attrelid = conrelid and attnum = conkey[1] and attname = 'organization_id')
     union all
     select 'order', relname from pg_index join pg_class as index on index.oid = indexrelid
     where indrelid = pg_class.oid and indisunique
       and not exists (select 1 from pg_constraint where conindid = indexrelid)
       and not exists (
         select 1 from pg_attribute
         where attrelid = indrelid and attnum = indkey[0] and (attname = 'organization_id' or attname = 'id' and indnatts = 1))
   ) as faults
   order by name, fault, constraint_name`,
  SEARCH,
)

/** Refuses to start with a table that a purge would not find, or that could not be kept apart by organization. */
@Injectable()
export class OrganizationTables implements OnModuleInit {
  constructor(
    private readonly database: Database,
    @Inject(ORGANIZATION_TABLES) private readonly tables: readonly string[],
  ) {}

  /** @throws {StartError} naming the first table that is wrong, and what to change */
  async onModuleInit(): Promise<void> {
    const [first] = await this.database.query(faultsOfTables, [this.tables])
    if (first) throw new StartError(sentences[first.fault]!(first.name, first.constraint ?? ''))
  }
}

const sentences: Record<string, (table: string, constraint: string) => string> = {
  missing: (table) =>
    `The table ${table}, which a plugin lists in organizationTables, does not exist: create it with a migration, and list that in migrations.`,
  cascade: (table) =>
    `The table ${table} keeps its rows when their organization is purged: give organization_id a foreign key "references organizations on delete cascade".`,
  order: (table, constraint) =>
    `The table ${table} does not have organization_id as the first column of ${constraint}: put it first in every primary key, unique constraint and foreign key.`,
}
