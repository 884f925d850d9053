const time = (column) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column.split('.')[1]}`

const team = `json_build_object('id', p.id, 'uuid', p.uuid, 'organization', p.organization_id, 'project_id', p.id,
  'api_token', p.api_token, 'name', p.name, 'completed_snippet_onboarding', p.completed_snippet_onboarding,
  'has_completed_onboarding_for', p.has_completed_onboarding_for, 'ingested_event', p.ingested_event,
  'is_demo', p.is_demo, 'timezone', p.timezone, 'access_control', p.access_control)`

const organization = `o.id, o.name, o.slug, o.logo_media_id, ${time('o.created_at')}, ${time('o.updated_at')},
  o.is_member_join_email_enabled, o.customer_id, o.enforce_2fa, o.members_can_invite, o.members_can_create_projects,
  o.members_can_use_personal_api_keys, o.allow_publicly_shared_resources, o.is_ai_data_processing_approved,
  o.default_experiment_stats_method, o.default_anonymize_ips, o.default_role_id, o.is_active, o.is_not_active_reason,
  o.deletion_requested_at is not null as is_pending_deletion, m.level as membership_level,
  (select count(*)::integer from organization_memberships c join users u on u.id = c.user_id and u.is_active
   where c.organization_id = o.id) as member_count,
  (select coalesce(json_agg(${team} order by p.id), '[]') from projects p where p.organization_id = o.id) as teams`

/** Prepared once on each connection, under these names. */
export const statements = {
  key: `select k.user_id from personal_api_keys k join users u on u.id = k.user_id and u.is_active
    where k.secure_value = $1 and (k.expires_at is null or k.expires_at > now())`,
  one: `select ${organization} from organizations o
    join organization_memberships m on m.organization_id = o.id and m.user_id = $2 where o.id = $1`,
  page: `select page.total, ${organization}
    from (select organization_id, organization_created_at, count(*) over ()::integer as total from user_organizations
      where user_id = $1 order by organization_created_at, organization_id limit $2 offset $3) page
    join organizations o on o.id = page.organization_id
    join organization_memberships m on m.organization_id = o.id and m.user_id = $1
    order by page.organization_created_at, page.organization_id`,
  integrations: `select i.id, i.kind, i.integration_id, i.config - 'credentials' as config, ${time('i.created_at')},
      ${time('i.updated_at')}, case when u.id is not null then json_build_object('id', u.id, 'uuid', u.uuid,
        'distinct_id', u.distinct_id, 'first_name', u.first_name, 'last_name', u.last_name, 'email', u.email,
        'is_email_verified', u.is_email_verified, 'hedgehog_config', null,
        'role_at_organization', u.role_at_organization) end as created_by
    from organization_memberships m
    left join organization_integrations i on i.organization_id = m.organization_id
    left join users u on u.id = i.created_by_id
    where m.organization_id = $1 and m.user_id = $2 order by i.id limit 100`,
  slug: `select 1 where not exists (select 1 from organization_slugs where slug = $1)
    and pg_try_advisory_xact_lock(hashtextextended($1, 0))`,
  createOrganization: 'insert into organizations (id, name, slug) values ($1, $2, $3)',
  createSlug: 'insert into organization_slugs (slug, organization_id) values ($1, $2)',
  createProject: `insert into projects (organization_id, uuid, name, api_token) values ($1, $2, 'Default project', $3)
    returning id`,
  createMembership: `insert into organization_memberships (organization_id, id, user_id, level) values ($1, $2, $3, 15)`,
  createEntry: `insert into user_organizations (user_id, organization_id, organization_created_at)
    select $2, id, created_at from organizations where id = $1`,
  switchUser: 'update users set current_organization_id = $2, current_project_id = $3 where id = $1',
  publish: `insert into events (id, type, organization_id, item_id, payload, changes, user_id, credential_kind,
      credential_id, request_id) values ($1, $2, $3, $4, $5, $6, $7, 'personal_key', 'bench', $8)`,
  lock: `select o.name, m.level from organizations o
    join organization_memberships m on m.organization_id = o.id and m.user_id = $2 where o.id = $1 for update of o`,
  rename: 'update organizations set name = $2, updated_at = now() where id = $1',
}
