import { readdirSync, readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import {
  CALLER,
  COLLECTOR,
  FIRST_OTHER,
  firstCreator,
  hashOf,
  keyHolders,
  keyOf,
  MEMBER_OF,
  OWNED,
  sizes,
  stride,
} from './fixtures.mjs'

const here = new URL('.', import.meta.url)
const build = new URL('../../dist/', here)

/** Changes when the data or the schema would, so that a kept database is not used for another bench's. */
export function fingerprint(size) {
  const hash = createHash('sha256').update(size)
  for (const file of ['seed.mjs', 'fixtures.mjs']) hash.update(readFileSync(new URL(file, here)))
  const migrations = readdirSync(build, { recursive: true }).filter((file) => /\bmigrations\/.*\.js$/.test(file))
  for (const file of migrations.sort()) hash.update(readFileSync(new URL(file, build)))
  return hash.digest('hex')
}

/** Fills a database that has the schema and no rows. */
export async function seed(client, size) {
  // Constraints hold by how the rows are made; checking each of millions would take longer than making them.
  await client.query('set session_replication_role = replica')
  for (const statement of statements(sizes[size], stride(size))) await client.query(statement)
  for (const id of keyHolders) await client.query(key, [`bench-${id}`, id, hashOf(keyOf(id))])
  await client.query('set session_replication_role = origin')
  await client.query('vacuum (analyze)')
}

const key = `insert into personal_api_keys (id, user_id, label, secure_value, mask_value, scopes)
  values ($1, $2, 'bench', $3, 'phx_...', '{organization:read,organization:write,organization_integration:read}')`

const uuid = (prefix, number) => `('${prefix}-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`
const organization = (number) => uuid('01890000-0000', number)
const created = (number) => `timestamptz '2024-01-01' + ${number} * interval '30 seconds'`

const statements = ({ organizations, users, collected, every }, step) => [
  `insert into users (id, uuid, distinct_id, email, first_name, is_email_verified)
   select i, ${uuid('01890000-0001', 'i')}, 'distinct-' || i, 'user' || i || '@example.com', 'User ' || i, true
   from (select generate_series(1, ${COLLECTOR}) i
         union all select generate_series(${FIRST_OTHER}, ${FIRST_OTHER + users - 1})) numbers`,
  `select setval(pg_get_serial_sequence('users', 'id'), (select max(id) from users))`,
  `insert into organizations (id, name, slug, created_at, updated_at)
   select ${organization('i')}, 'Organization ' || i, 'organization-' || i, ${created('i')}, ${created('i')}
   from generate_series(1, ${organizations}) i`,
  `insert into organization_slugs (slug, organization_id) select slug, id from organizations`,
  `create temporary table members as
   select i, ${FIRST_OTHER} + ((i::bigint * 5 + j) * 7919 % ${users})::integer as user_id,
     (case j when 0 then 15 when 1 then 8 else 1 end)::smallint as level
   from generate_series(1, ${organizations}) i, generate_series(0, 4) j
   union all
   select 1 + k * ${step}, ${CALLER}, case when k < ${OWNED} then 15 else 1 end
   from generate_series(0, ${MEMBER_OF - 1}) k
   union all
   select i, ${COLLECTOR}, 1 from generate_series(${every}, ${collected * every}, ${every}) i`,
  `insert into organization_memberships (organization_id, id, user_id, level, joined_at, updated_at)
   select ${organization('i')}, ${uuid('01890000-0002', 'row_number() over ()')}, user_id, level, ${created('i')}, ${created('i')}
   from members`,
  `insert into user_organizations (user_id, organization_id, organization_created_at)
   select user_id, ${organization('i')}, ${created('i')} from members order by user_id, i`,
  'drop table members',
  `insert into projects (organization_id, id, uuid, name, api_token, created_at, updated_at)
   select ${organization('i')}, i, ${uuid('01890000-0003', 'i')}, 'Default project',
     'phc_' || md5(i::text) || left(md5(i || 'x'), 11), ${created('i')}, ${created('i')}
   from generate_series(1, ${organizations}) i`,
  `select setval('project_ids', ${organizations})`,
  `insert into organization_integrations (organization_id, id, kind, integration_id, config, created_by_id)
   select ${organization(`1 + k * ${step}`)}, ${uuid('01890000-0004', 'k * 4 + n')},
     'vercel', 'icfg_' || k || '_' || n, '{"type": "connectable", "account": {"name": "acme"}}', ${CALLER}
   from generate_series(0, ${MEMBER_OF - 1}) k, generate_series(1, 3) n`,
  `update users u set current_organization_id = ${organization('1')}, current_project_id = 1
   where id between ${CALLER} and ${firstCreator - 1}`,
]
