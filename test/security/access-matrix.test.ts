import { describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { hashKeyValue } from '../../src/access/key-value.js'
import {
  type AccessRule,
  covers,
  OrganizationIntegration,
  type RouteDeclaration,
  RouteDeclarations,
  Plugins,
} from '../../src/index.js'
import { MembershipLevel, type TestOrganization, useServer } from '../support/kit.js'

/** Everything that has to be configured to exist, does. */
const server = useServer({
  environment: {
    // As long as it can be: what is remembered must not widen anything.
    AUTH_CACHE_TTL_MS: '60000',
    VERCEL_CLIENT_ID: 'oac_matrix',
    VERCEL_CLIENT_SECRET: 'secret',
    AWS_MARKETPLACE_PRODUCT_CODES: 'product',
    AWS_MARKETPLACE_CLAIM_URL: 'https://app.example.com/claim',
    AWS_MARKETPLACE_TOPIC_ARNS: 'arn:aws:sns:us-east-1:123456789012:topic',
  },
})

/** Who calls: members of the organization at each level, and someone of another organization. */
const callers = ['owner', 'admin', 'member', 'stranger'] as const
const level = {
  owner: MembershipLevel.Owner,
  admin: MembershipLevel.Admin,
  member: MembershipLevel.Member,
  stranger: 0,
}
const grants = ['*', ...new Plugins().scopes.list]
type Person = (typeof callers)[number]

/** An organization with an integration, and people with a key of every scope. */
interface Scene {
  organization: TestOrganization
  integration: string
  key(name: Person, grant: string): Promise<string>
}

async function scene(): Promise<Scene> {
  const organization = await server.organization()
  const integration = randomUUID()
  await server.database.dataSource.getRepository(OrganizationIntegration).insert({
    organization_id: organization.id,
    id: integration,
    kind: 'unknown-here',
    config: { type: 'connectable' },
  })
  const people = new Map([['owner', organization.owner]])
  const keys = new Map<string, string>()
  const person = async (name: Person) => {
    const known = people.get(name)
    if (known) return known
    const made =
      name === 'stranger' ? (await server.organization()).owner : await server.member(organization.id, level[name])
    people.set(name, made)
    return made
  }
  const key = async (name: Person, grant: string) => {
    const known = keys.get(`${name} ${grant}`)
    if (known) return known
    const made = await insertKey((await person(name)).row.id, grant)
    keys.set(`${name} ${grant}`, made)
    return made
  }
  return { organization, integration, key }
}

/** Straight into the table: a user has ten keys at most, and the matrix wants one for each scope. */
async function insertKey(userId: number, grant: string): Promise<string> {
  const value = `phx_${randomUUID()}${randomUUID()}`
  await server.database.dataSource.query(
    `insert into personal_api_keys (id, user_id, label, secure_value, mask_value, scopes) values ($1, $2, 'matrix', $3, 'phx_...', $4)`,
    [randomUUID(), userId, hashKeyValue(value), [grant]],
  )
  return value
}

const inBody = (rule: AccessRule, { organization }: Scene): Record<string, string> =>
  rule.kind === 'scope' && rule.organization.in === 'body' ? { [rule.organization.field]: organization.id } : {}

const urlOf = ({ path, rule }: RouteDeclaration, { organization, integration }: Scene): string =>
  path
    .replace(':organization_id', organization.id)
    .replace(':uuid', '@me')
    .replace('integrations/:id', `integrations/${integration}`)
    .replace(':id', names(rule) ? organization.id : '@current')

const names = (rule: AccessRule): boolean => rule.kind === 'scope' && rule.organization.in !== 'nowhere'

/** The status that the declaration of a route promises to someone with a key of one scope. */
function promised({ method, path, rule }: RouteDeclaration, name: Person, grant: string): number {
  if (rule.kind !== 'scope') return 403
  if (rule.scope && !covers([grant], rule.scope)) return 403
  if (names(rule) && level[name] === 0) return 404
  if (names(rule) && level[name] < Number(rule.level)) return 403
  // Nobody in here began the flow that this is a session of; all other bodies have an empty name in them.
  if (path.endsWith('connect/session')) return 400
  if (path.endsWith('connect/start')) return 200
  return { GET: 200, DELETE: 204 }[method] ?? 400
}

describe('every route x scope x level x foreign organization', () => {
  it('answers as its declaration says, and nothing is undeclared', async () => {
    const routes = server.application.get(RouteDeclarations).all()
    expect(routes.length).toBeGreaterThan(10)
    expect(routes.filter(({ rule }) => rule.kind === 'public').map(({ handler }) => handler)).toEqual([
      'HealthController.live',
      'HealthController.ready',
      'MetricsController.metrics',
      'VercelSsoController.arrive',
      'VercelSsoController.exchange',
      'VercelConnectController.callback',
      'AwsMarketplaceController.register',
    ])
    expect(
      routes.flatMap(({ handler, rule }) => (rule.kind === 'guarded' ? [`${handler} by ${rule.by}`] : [])),
    ).toEqual(
      expect.arrayContaining([
        'VercelInstallationsController.upsert by VercelTokenGuard',
        'AwsMarketplaceController.hear by SnsSignatureGuard',
      ]),
    )
    const shared = await scene()
    const wrong: string[] = []
    let deleted = 0
    for (const route of routes) {
      const { method, path, rule } = route
      if (rule.kind === 'public' || rule.kind === 'guarded') continue
      for (const name of callers) {
        for (const grant of grants) {
          const expected = promised(route, name, grant)
          // What is let through to delete, deletes.
          const at = expected === 204 ? await scene() : shared
          if (expected === 204) deleted++
          const { status } = await server.request(method, urlOf(route, at), {
            key: await at.key(name, grant),
            body: method === 'GET' || method === 'DELETE' ? undefined : { name: '', ...inBody(rule, at) },
          })
          if (status !== expected) wrong.push(`${method} ${path} ${name} ${grant}: ${status}, not ${expected}`)
        }
      }
      const anonymous = await server.request(method, urlOf(route, shared))
      if (anonymous.status !== 401) wrong.push(`${method} ${path} anonymous: ${anonymous.status}`)
    }
    expect(wrong).toEqual([])
    // An organization by its owner, an integration by an admin too, each with `*` and with the one scope.
    expect(deleted).toBe(2 + 2 * 2)
    const { organization, integration } = shared
    expect(await organization.reload()).toMatchObject({ name: organization.view.name, is_pending_deletion: false })
    expect((await organization.owner.get(`${organization.path}integrations/${integration}/`)).status).toBe(200)
  })
})
