/**
 * Tables whose rows belong to an organization, ours and others', with the column that says to which: those with a
 * cascading foreign key to `organizations`. `name` and `column` are quoted for SQL.
 */
export const tablesOfOrganizations = `
  select conrelid::regclass::text as name, quote_ident(attname) as column
  from pg_constraint
  cross join unnest(conkey, confkey) as pair (here, there)
  join pg_attribute on attrelid = conrelid and attnum = here
  where contype = 'f' and confrelid = 'organizations'::regclass and confdeltype = 'c' and conparentid = 0
    and there = (select attnum from pg_attribute where attrelid = 'organizations'::regclass and attname = 'id')
  order by 1`

/** A table that is asked before an organization is known: it has a column `organization_id`, and no foreign key. */
export interface Directory {
  name: string
  /** The columns that tell the rows of one organization apart. */
  key: string
}

/** The slugs come last: until then nobody else takes them. */
export const ownDirectories: readonly Directory[] = [
  { name: 'user_organizations', key: 'user_id' },
  { name: 'organization_slugs', key: 'slug' },
]

/** $1 organization. By key and in order, so that it means the same rows on each node that has the table. */
export const clearDirectory = ({ name, key }: Directory, limit: number): string =>
  `delete from ${name} where organization_id = $1 and (${key}) in (
     select ${key} from ${name} where organization_id = $1 order by ${key} limit ${limit})`

/**
 * Foreign keys whose rows keep the row that they refer to from being deleted, where that row goes with its organization:
 * those that neither cascade nor can be set to null.
 */
export const blockedTables = `
  with recursive purged as (
    select 'organizations'::regclass::oid as id
    union
    select conrelid from pg_constraint join purged on confrelid = purged.id where contype = 'f' and confdeltype = 'c'
  )
  select conrelid::regclass::text as table, conname as constraint, confrelid::regclass::text as refers_to
  from pg_constraint join purged on confrelid = purged.id
  where contype = 'f' and conparentid = 0 and (
    confdeltype in ('a', 'r')
    or confdeltype = 'n' and exists (
      select 1 from pg_attribute
      where attrelid = conrelid and attnum = any(coalesce(confdelsetcols, conkey)) and attnotnull))
  order by 1, 2`
