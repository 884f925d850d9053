import { beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { type AccessRule, covers, RouteDeclarations, scopes } from '../../src/index.js'
import { MembershipLevel, type TestOrganization, type TestUser, useServer } from '../support/kit.js'

/** Everything that has to be configured to exist, does. */
const server = useServer({
  environment: {
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
const grants = ['*', ...scopes]

describe('every route x scope x level x foreign organization', () => {
  let organization: TestOrganization
  let people: Record<(typeof callers)[number], TestUser>
  const keys = new Map<string, string>()

  beforeAll(async () => {
    organization = await server.organization()
    const elsewhere = await server.organization()
    people = {
      owner: organization.owner,
      admin: await organization.admin(),
      member: await organization.member(),
      stranger: elsewhere.owner,
    }
    for (const name of callers) {
      for (const grant of grants) keys.set(`${name} ${grant}`, await newKey(people[name], grant))
    }
  })

  /** Straight into the table: a user has ten keys at most, and the matrix wants one for each scope. */
  async function newKey(user: TestUser, grant: string): Promise<string> {
    const { hashKeyValue } = await import('../../src/auth/key-value.js')
    const value = `phx_${randomUUID()}${randomUUID()}`
    await server.database.dataSource.query(
      `insert into personal_api_keys (id, user_id, label, secure_value, mask_value, scopes) values ($1, $2, 'matrix', $3, 'phx_...', $4)`,
      [randomUUID(), user.row.id, hashKeyValue(value), [grant]],
    )
    return value
  }

  const inBody = (rule: AccessRule): Record<string, string> =>
    rule.kind === 'scope' && rule.inBody ? { [rule.inBody]: organization.id } : {}

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
    const wrong: string[] = []
    for (const { method, path, rule } of routes) {
      if (rule.kind === 'public' || rule.kind === 'guarded') continue
      for (const name of callers) {
        for (const grant of grants) {
          const url = path
            .replace(':organization_id', organization.id)
            .replace(':uuid', '@me')
            .replace(':id', rule.kind === 'scope' && rule.itself ? organization.id : '@current')
          const names = url.includes(organization.id) || 'organization_id' in inBody(rule)
          // An empty name is invalid everywhere, so a call that is let through changes nothing; DELETE is left to its owner's own tests.
          if (method === 'DELETE' && name === 'owner') continue
          const answer = await server.request(method, url, {
            key: keys.get(`${name} ${grant}`),
            body: method === 'GET' || method === 'DELETE' ? undefined : { name: '', ...inBody(rule) },
          })
          const expected = () => {
            if (rule.kind === 'no-keys') return [403]
            if (rule.scope && !covers([grant], rule.scope)) return [403]
            if (names && level[name] === 0) return [404]
            if (names && level[name] < rule.level) return [403]
            if (path.includes('integrations/:id')) return [404]
            // Without a session of its flow, which nobody here began.
            if (path.endsWith('connect/session')) return [400]
            return method === 'GET' ? [200] : [400]
          }
          if (!expected().includes(answer.status))
            wrong.push(`${method} ${path} ${name} ${grant}: ${answer.status}, not ${expected()}`)
        }
      }
      const anonymous = await server.request(method, path.replace(/:\w+/g, organization.id))
      if (anonymous.status !== 401) wrong.push(`${method} ${path} anonymous: ${anonymous.status}`)
    }
    expect(wrong).toEqual([])
    expect(await organization.reload()).toMatchObject({ name: organization.view.name, is_pending_deletion: false })
  })
})
