import { beforeAll, describe, expect, it, jest } from '@jest/globals'
import pg from 'pg'
import {
  MembersService,
  OrganizationsPurge,
  OrganizationsService,
  PersonalApiKeysService,
  SecretsRewrap,
  UsersService,
  systemActor,
} from '../../src/index.js'
import { closedToKeys } from '../../src/access/access.queries.js'
import { sealContext } from '../../src/integrations/integration.entity.js'
import { EventDeliveries } from '../../src/platform/events/event-deliveries.js'
import { EventLog } from '../../src/platform/events/event-log.js'
import { EventRetention } from '../../src/platform/events/event-retention.js'
import { Keyring } from '../../src/platform/secrets/keyring.js'
import { NIL_UUID } from '../../src/platform/values/stored-values.js'
import type { TestUser } from '../support/kit.js'
import { testActor, useServer } from '../support/kit.js'
import { statementsOf, type Statement } from './statements.js'

// It fills the tables of a server, which takes long on a busy machine.
jest.setTimeout(250_000)

const keys = new Map(['new', 'old'].map((id) => [id, Buffer.alloc(32, id)]))
const METRICS_TOKEN = 'a-token-of-the-plans'
const server = useServer({
  ownDatabase: true,
  environment: {
    AUTH_CACHE_TTL_MS: '0',
    // What fills the tables takes longer than a request may.
    DATABASE_STATEMENT_TIMEOUT_MS: '120000',
    METRICS_TOKEN,
    ORGANIZATION_RESTORE_DAYS: '1',
    INTEGRATION_ENCRYPTION_KEYS: [...keys].map(([id, key]) => `${id}:${key.toString('base64')}`).join(),
  },
})

const ORGANIZATIONS = 10_000
/** Enough that reading everything looks cheap to a planner that guesses. */
const MEMBER_OF = 300

/** Tables that grow with the number of organizations, or of what happens in them. Nothing may read one whole. */
const LARGE = [
  ...['organizations', 'organization_slugs', 'organization_memberships', 'user_organizations', 'projects'],
  ...['organization_integrations', 'project_integrations', 'integration_directory', 'users', 'personal_api_keys'],
  ...['events', 'event_deliveries', 'event_heads'],
]

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  Filter?: string
  Plans?: Plan[]
}

describe(`with ${ORGANIZATIONS} organizations no statement reads a whole table:`, () => {
  let caller: TestUser
  let path: string

  beforeAll(async () => {
    // What the log does after a commit would stand between the statements of requests.
    await service(EventLog).beforeApplicationShutdown()
    const { owner, path: own } = await server.organization()
    ;[caller, path] = [owner, own]
    const { database } = server
    const id = (number: string) => `('01890000-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`
    for (const statement of [
      `insert into users (uuid, distinct_id, email) select gen_random_uuid(), i, i || '@example.com'
       from generate_series(1, 5000) i`,
      `insert into organizations (id, name, slug) select ${id('i')}, 'Organization ' || i, 'organization-' || i
       from generate_series(1, ${ORGANIZATIONS}) i`,
      `insert into organization_slugs (slug, organization_id) select slug, id from organizations on conflict do nothing`,
      `insert into organization_memberships (organization_id, id, user_id)
       select ${id('i')}, gen_random_uuid(), (select min(id) from users) + (i * 5 + j) * 7 % 5000
       from generate_series(1, ${ORGANIZATIONS}) i, generate_series(1, 5) j on conflict do nothing`,
      `insert into organization_memberships (organization_id, id, user_id)
       select ${id('i * 33')}, gen_random_uuid(), ${owner.row.id} from generate_series(1, ${MEMBER_OF}) i
       on conflict do nothing`,
      `insert into user_organizations (user_id, organization_id, organization_created_at)
       select user_id, organization_id, joined_at from organization_memberships on conflict do nothing`,
      `insert into projects (organization_id, uuid, name, api_token)
       select id, gen_random_uuid(), 'Default project', 'phc_' || id from organizations`,
      `insert into organization_integrations (organization_id, id, kind, integration_id, sync_state, sensitive_config)
       select id, gen_random_uuid(), 'vercel', id, 'synced', 'new.sealed' from organizations`,
      `insert into integration_directory (kind, integration_id, organization_id, id)
       select kind, integration_id, organization_id, id from organization_integrations`,
      `insert into project_integrations (organization_id, id, project_id, kind)
       select organization_id, gen_random_uuid(), id, 'vercel' from projects`,
      `insert into events (organization_id, id, type, payload, credential_kind, credential_id, request_id, seq, hash)
       select id, id, 'organization.updated', '{}', 'system', 'test', 'test', 100, '\\x00' from organizations`,
      `insert into event_heads (organization_id, seq, hash) select id, 100, '\\x00' from organizations
       on conflict do nothing`,
      `insert into event_deliveries (organization_id, subscription, event_id, seq, available_at)
       select organization_id, 'elsewhere', id, seq, now() + interval '1 day' from events where seq is not null`,
      `insert into personal_api_keys (id, user_id, label, secure_value, mask_value)
       select id, id, 'x', id, 'phx_...' from users`,
      'analyze',
    ])
      await database.longTransaction((tx) => tx.manager.query(statement))
  })

  it.each<[string, () => Promise<unknown>]>([
    ['GET an organization', () => caller.get(path)],
    ['GET @current', () => caller.get('/api/organizations/@current/')],
    ['GET the list', () => caller.get('/api/organizations/')],
    ['GET its last page', () => caller.get('/api/organizations/?limit=100&offset=200')],
    ['GET it by name', () => caller.get('/api/organizations/?ordering=-name')],
    ['GET it by id', () => caller.get('/api/organizations/?ordering=-id&limit=10')],
    ['GET it by several fields', () => caller.get('/api/organizations/?ordering=name,-created_at,slug')],
    ['GET it searched and ordered', () => caller.get('/api/organizations/?search=organization&ordering=slug')],
    ['GET it searched', () => caller.get('/api/organizations/?search=organization')],
    ['POST', () => caller.post('/api/organizations/', { name: `Made ${Math.random()}` })],
    ['PATCH', () => caller.patch(path, { name: `Renamed ${Math.random()}` })],
    ['DELETE', () => caller.delete(path)],
    ['restore', () => caller.post(`${path}restore/`)],
    ['GET the integrations', () => caller.get(`${path}integrations/`)],
    ['GET the projects of an organization', () => caller.get(`${path}projects/`)],
    ['GET the projects', () => caller.get('/api/projects/')],
    ['GET the projects searched', () => caller.get('/api/projects/?search=project')],
    ['GET the caller', () => caller.get('/api/users/@me/')],
    ['GET the key', () => caller.get('/api/personal_api_keys/@current/')],
    ['a key that does not exist', () => server.request('GET', '/api/organizations/', { key: 'phx_no' })],
    ['a foreign organization', () => caller.get('/api/organizations/01890000-0000-7000-8000-000000000001/')],
  ])('%s', async (_, request) => expect(await readWhole(await statementsOf(request))).toEqual([]))

  it('a search of projects matches names in an index alone', async () => {
    const [search] = (await statementsOf(() => caller.get('/api/projects/?search=project'))).filter(({ text }) =>
      text.includes('strpos'),
    )
    const matching = (await plansOf([search!])).map((nodes) => nodes.find(({ Filter }) => Filter?.includes('strpos')))
    const inIndex = { 'Node Type': 'Index Only Scan', 'Index Name': 'projects_pkey' }
    expect(matching).toEqual([expect.objectContaining(inIndex), expect.objectContaining(inIndex)])
  })

  const service = <Type>(type: new (...parameters: never[]) => Type): Type => server.application.get(type)
  const first = async (pages: AsyncIterable<unknown[]>) => {
    for await (const page of pages) return page
  }

  it.each<[string, () => Promise<unknown>]>([
    ['the metrics', () => server.request('GET', '/metrics', { headers: { authorization: `Bearer ${METRICS_TOKEN}` } })],
    ['the check of the keys at start', () => service(SecretsRewrap).onApplicationBootstrap()],
    ['moving secrets to the current key', () => moveSecret()],
    ['the list of all organizations', () => first(service(OrganizationsService).all())],
    ['the list of all users', () => first(service(UsersService).all())],
    ['the list of all keys', () => first(service(PersonalApiKeysService).all())],
    ['a key of narrow reach', () => caller.with({ scoped_organizations: [path.split('/')[3]!] })],
    [
      'the deactivation of a user',
      () => service(UsersService).deactivate(systemActor('test'), (caller.row.id + 1) % 5_000),
    ],
    ['the organizations that may keep a key out', () => server.database.query(closedToKeys, [12, [], NIL_UUID, 1_000])],
    ['a person by their address', () => service(UsersService).byEmail('7@example.com')],
    [
      'the end of a membership',
      () => service(MembersService).remove(testActor('01890000-0000-7000-8000-000000000002'), 12),
    ],
    ['the purge', () => purgeOne()],
    ['the deliveries of events', () => service(EventDeliveries).start()],
    ['the retention of events', () => service(EventRetention).run()],
  ])('%s', async (_, work) => {
    expect(await readWhole(await statementsOf(work, { own: true }))).toEqual([])
  })

  async function purgeOne(): Promise<void> {
    const id = '01890000-0000-7000-8000-000000000005'
    await server.database.dataSource.query(
      `update organizations set deletion_requested_at = now() - interval '9 days' where id = $1`,
      [id],
    )
    expect(await service(OrganizationsPurge).run()).toEqual([id])
  }

  async function moveSecret(): Promise<void> {
    const { dataSource } = server.database
    const [row] = await dataSource.query('select organization_id, id from organization_integrations order by 1 limit 1')
    const sealed = new Keyring(new Map([['old', keys.get('old')!]])).seal({}, sealContext(row))
    await dataSource.query(
      'update organization_integrations set sensitive_config = $1 where organization_id = $2 and id = $3',
      [sealed, row.organization_id, row.id],
    )
    expect(await service(SecretsRewrap).run()).toBe(1)
  }
})

/** The whole tables that PostgreSQL would read for the statements, with values and without. */
async function readWhole(statements: Statement[]): Promise<string[]> {
  const sent = statements.filter(({ text }) => /^\s*(select|insert|update|delete|with)/i.test(text))
  expect(sent.length).toBeGreaterThan(0)
  return (await plansOf(sent)).flatMap((nodes, index) =>
    nodes
      .filter((node) => node['Node Type'] === 'Seq Scan' && LARGE.includes(node['Relation Name']!))
      .map(
        (node) =>
          `${node['Relation Name']} (${modes[Math.floor(index / sent.length)]}): ${sent[index % sent.length]!.text}`,
      ),
  )
}

const modes = ['force_custom_plan', 'force_generic_plan']

/** The nodes of each statement's plan, in each of the modes. */
async function plansOf(statements: Statement[]): Promise<Plan[][]> {
  const client = new pg.Client({ connectionString: (server.database.dataSource.options as { url: string }).url })
  const plans: Plan[][] = []
  await client.connect()
  try {
    for (const mode of modes) {
      await client.query(`set plan_cache_mode = ${mode}`)
      for (const statement of statements) plans.push(await planOf(client, statement))
    }
  } finally {
    await client.end()
  }
  return plans
}

async function planOf(client: pg.Client, { text, values }: Statement): Promise<Plan[]> {
  await client.query(`prepare planned as ${text}`)
  const literals = values.length > 0 ? `(${values.map(literal).join(', ')})` : ''
  const { rows } = await client.query(`explain (format json) execute planned${literals}`)
  await client.query('deallocate planned')
  const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)]
  return nodes(rows[0]['QUERY PLAN'][0].Plan)
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return pg.escapeLiteral(Array.isArray(value) ? `{${value.map(textOf).join(',')}}` : textOf(value))
}

const textOf = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value))
