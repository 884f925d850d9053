import { keyHolders, keyOf } from '../../lib/fixtures.mjs'

const policy = '01890000-0005-7000-8000-000000000001'
const role = '01890000-0005-7000-8000-000000000002'
const member = { memberships: { user: { _eq: '$CURRENT_USER' } } }
const admin = { memberships: { _some: { _and: [{ user: { _eq: '$CURRENT_USER' } }, { level: { _gte: 8 } }] } } }
const own = { user: { _eq: '$CURRENT_USER' } }

/** Who may do what: members read, admins and owners rename, everyone creates and becomes the owner. */
const permissions = [
  ['organizations', 'read', member, null],
  ['organizations', 'update', admin, null],
  ['organizations', 'create', {}, null],
  ['memberships', 'read', own, null],
  ['memberships', 'create', {}, { user: '$CURRENT_USER', level: 15 }],
  ['projects', 'read', { organization: member }, null],
  ['projects', 'create', {}, null],
]

/** What Directus has to know beyond the columns it finds: what it sets itself, and the lists at the other end of a key. */
const fields = [
  ['organizations', 'id', 'uuid'],
  ['organizations', 'created_at', 'date-created'],
  ['organizations', 'updated_at', 'date-updated'],
  ['organizations', 'memberships', 'o2m'],
  ['organizations', 'projects', 'o2m'],
  ['projects', 'created_at', 'date-created'],
]
const relations = [
  ['memberships', 'organization', 'organizations', 'memberships'],
  ['projects', 'organization', 'organizations', 'projects'],
  ['memberships', 'user', 'directus_users', null],
]

const tables = `
  create table organizations (id uuid primary key, name varchar(64) not null, slug varchar(48), logo_media_id uuid,
    member_count integer default 1, created_at timestamptz, updated_at timestamptz);
  create table memberships (id serial primary key, organization uuid not null references organizations on delete cascade,
    "user" uuid not null references directus_users on delete cascade, level smallint not null);
  create table projects (id serial primary key, organization uuid references organizations on delete cascade,
    name varchar(200), api_token varchar(200), timezone varchar(100) default 'UTC', created_at timestamptz);
  insert into directus_users (id, email, first_name, role) select uuid, email, first_name, '${role}' from public.users;
  insert into organizations select o.id, o.name, o.slug, o.logo_media_id,
      (select count(*) from public.organization_memberships where organization_id = o.id), o.created_at, o.updated_at
    from public.organizations o;
  insert into memberships (organization, "user", level) select organization_id, u.uuid, level
    from public.organization_memberships m join public.users u on u.id = m.user_id;
  insert into projects (id, organization, name, api_token, timezone, created_at)
    select id, organization_id, name, api_token, timezone, created_at from public.projects;
  select setval(pg_get_serial_sequence('projects', 'id'), (select max(id) from projects));
  create index on memberships (organization, "user");
  create index on memberships ("user");
  create index on projects (organization);
  create index on organizations (created_at);`

/** Gives Directus its collections, of the rows that the others have, and a static token to each user who calls. */
export async function fillSchema(client) {
  await client.query('set search_path to directus')
  await client.query(`insert into directus_roles (id, name) values ($1, 'Member')`, [role])
  await client.query(`insert into directus_policies (id, name) values ($1, 'Member')`, [policy])
  await client.query('insert into directus_access (id, role, policy) values (gen_random_uuid(), $1, $2)', [
    role,
    policy,
  ])
  await client.query(tables)
  for (const collection of ['organizations', 'memberships', 'projects'])
    await client.query('insert into directus_collections (collection) values ($1)', [collection])
  for (const row of fields)
    await client.query('insert into directus_fields (collection, field, special) values ($1, $2, $3)', row)
  for (const row of relations)
    await client.query(
      'insert into directus_relations (many_collection, many_field, one_collection, one_field) values ($1, $2, $3, $4)',
      row,
    )
  for (const [collection, action, filter, presets] of permissions)
    await client.query(
      `insert into directus_permissions (policy, collection, action, permissions, validation, presets, fields)
       values ($1, $2, $3, $4, '{}', $5, '*')`,
      [policy, collection, action, JSON.stringify(filter), presets && JSON.stringify(presets)],
    )
  for (const id of keyHolders)
    await client.query('update directus_users u set token = $1 from public.users p where p.uuid = u.id and p.id = $2', [
      keyOf(id),
      id,
    ])
  await client.query('vacuum (analyze)')
}
