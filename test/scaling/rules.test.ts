import { beforeAll, describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { loadModule } from 'libpg-query'
import { faultsOf, faultsOfServer } from '../support/statement-rules.js'
import { overAllOrganizations } from '../support/statements-over-all.js'

beforeAll(() => loadModule())

describe('a statement follows the rules of a distributed engine', () => {
  it.each([
    'select * from organizations where id = $1',
    'select * from users u join personal_api_keys k on k.user_id = u.id where k.id = $1',
    `select o.name, m.level from organizations o left join organization_memberships m on m.organization_id = $1
     where o.id = $1::uuid`,
    'select (select count(*) from projects where organization_id = $1) from organizations where id = $1',
    `select * from organizations o cross join lateral (select * from projects where organization_id = $1 limit 5) p
     where o.id = $1`,
    `select o.name from organizations o join organization_memberships m on m.organization_id = o.id
     where o.id = any(array(select organization_id from user_organizations where user_id = $1))`,
    `with page as (select organization_id from user_organizations limit 5)
     select * from projects p where p.organization_id = any(array(select organization_id from page))`,
    'select * from projects where organization_id = any($1)',
    'select * from projects where organization_id in (select organization_id from user_organizations)',
    'insert into projects (organization_id, name) values ($1, $2)',
    'insert into events (organization_id, id) select * from unnest($1::uuid[], $2::uuid[]) on conflict do nothing',
    'update events e set seq = s.seq from unnest($1::uuid[], $2::bigint[]) s (id, seq) where e.organization_id = s.id',
    'update organizations set updated_at = now() where id = $1',
    'delete from projects where organization_id = $1 and ctid in (select ctid from projects where organization_id = $1)',
    'select 1 from organizations where id = $1 for update',
    'select id from users for update skip locked',
    `insert into event_subscriptions (name, seen_at) values ($1, now())
     on conflict (name) do update set seen_at = excluded.seen_at`,
  ])('%s', (text) => expect(faultsOf(text)).toEqual([]))
})

describe('a statement breaks a rule', () => {
  it.each([
    [
      'does not compare organization_memberships m with $1 itself',
      'select 1 from organizations o join organization_memberships m on m.organization_id = o.id where o.id = $1',
    ],
    [
      'does not compare projects with $1 itself',
      'select (select count(*) from projects where organization_id = o.id) from organizations o where o.id = $1',
    ],
    [
      'does not compare projects p with $1 itself',
      'select 1 from organizations o, projects p where o.id = $1 and (p.organization_id = $1 or p.is_demo)',
    ],
    [
      'compares organizations with $1 and with $2',
      'select 1 from organizations o join projects p on p.organization_id = $2 where o.id = $1',
    ],
    ['reads organizations of all organizations', 'select count(*) from organizations'],
    [
      'reads organizations o of all organizations',
      'select 1 from user_organizations u join organizations o on o.id = u.organization_id where u.user_id = $1',
    ],
    [
      'reads organization_integrations i of all organizations',
      `insert into integration_directory (kind) values ($1) on conflict (kind) do update set id = excluded.id
       where not exists (select 1 from organization_integrations i where i.id = integration_directory.id)`,
    ],
    [
      'reads an organization table within a lateral subquery with a limit',
      `select 1 from user_organizations u
       cross join lateral (select * from organizations where id = u.organization_id limit 1) o`,
    ],
    [
      'writes organization_slugs and organizations',
      `with slug as (insert into organization_slugs (slug, organization_id) values ($2, $1) returning slug)
       insert into organizations (id, slug) select $1, slug from slug`,
    ],
    [
      'inserts rows selected from organizations',
      'insert into user_organizations (organization_id) select id from organizations where id = $1',
    ],
    [
      'asks for the time in on conflict do update',
      'insert into event_subscriptions (name) values ($1) on conflict (name) do update set seen_at = now()',
    ],
    [
      'asks for the time within case or coalesce',
      'update projects set updated_at = case when $2 then now() end where organization_id = $1',
    ],
    [
      'goes by ctid without the organization of projects',
      'delete from projects where ctid in (select ctid from projects limit 5)',
    ],
    ['locks rows of events of several organizations', 'select 1 from events limit 5 for update skip locked'],
  ])('%s', (fault, text) => expect(faultsOf(text)).toContain(fault))
})

describe('a job', () => {
  it('may ask every node, and breaks no other rule', async () => {
    const text = `select id from organizations
      where deletion_requested_at <= now() order by 1`
    expect(await faultsOfServer(text)).toEqual([])
    expect((await faultsOfServer(`${text} for update`)).map(({ fault }) => fault)).toEqual([
      'locks rows of organizations of several organizations',
    ])
  })

  it('stands in docs/scaling.md with its reason', async () => {
    const page = await readFile('docs/scaling.md', 'utf8')
    const listed = page.split('## Jobs that ask every node')[1]!.split('\n## ')[0]!
    const reasons = listed.split('\n').flatMap((line) => (line.startsWith('- ') ? [line.slice(2)] : []))
    expect(reasons).toEqual(overAllOrganizations.map(({ reason }) => reason))
  })
})
