import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { withClient } from '../../lib/database.mjs'
import {
  CALLER,
  callersOrganizations,
  CONNECTIONS,
  firstCreator,
  foreignOrganizations,
  keyHolders,
  keyOf,
  OWNED,
} from '../../lib/fixtures.mjs'
import { mixed, newName, turned, writing } from '../../lib/scenarios.mjs'
import { npmPeer } from '../install.mjs'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))
/** Its keys have at least 64 characters. */
const longKeyOf = (userId) => keyOf(userId).padEnd(64, '0')
const hashOf = (key) => createHash('sha256').update(key).digest('base64url')

const fill = `
  insert into "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
    select id, first_name, email, true, date_joined, date_joined from users;
  insert into organization (id, name, slug, "createdAt") select id, name, slug, created_at from organizations;
  insert into member (id, "organizationId", "userId", role, "createdAt")
    select id, organization_id, user_id, case level when 15 then 'owner' when 8 then 'admin' else 'member' end, joined_at
    from organization_memberships;`

const key = `insert into apikey (id, "configId", name, start, "referenceId", key, enabled, "rateLimitEnabled",
    "rateLimitTimeWindow", "rateLimitMax", "requestCount", "createdAt", "updatedAt")
  values ($1, 'default', 'bench', 'phx_be', $1, $2, true, true, 60000, 1000000000, 0, now(), now())`

export const betterAuth = {
  name: 'better-auth',
  about: 'better-auth with its organization and api-key plugins',
  ...npmPeer('better-auth'),
  requests(scenario, size, connection) {
    const header = (userId) => ({ 'x-api-key': longKeyOf(userId) })
    const get = (path, headers = header(CALLER)) => ({ method: 'GET', path: `/api/auth/organization/${path}`, headers })
    const post = (path, userId, body) =>
      writing(
        {
          method: 'POST',
          path: `/api/auth/organization/${path}`,
          headers: { ...header(userId), 'content-type': 'application/json' },
        },
        body,
      )
    const one = (id, headers) => get(`get-full-organization?organizationId=${id}`, headers)
    const own = turned(callersOrganizations(size), connection)
    const reads = own.map((id) => one(id))
    const list = get('list')
    const create = post('create', firstCreator + connection, () => {
      const name = newName()
      return { name, slug: name.toLowerCase().replaceAll(' ', '-'), keepCurrentActiveOrganization: true }
    })
    const renames = callersOrganizations(size)
      .slice(0, OWNED)
      .filter((_, index) => index % CONNECTIONS === connection)
      .map((organizationId) => post('update', CALLER, () => ({ organizationId, data: { name: newName() } })))
    switch (scenario) {
      case 'retrieve':
        return reads
      case 'list':
        return [list]
      case 'create':
        return [create]
      case 'rename':
        return renames
      case 'bad-key':
        return [one(own[0], { 'x-api-key': longKeyOf(0) })]
      case 'foreign-id':
        return turned(foreignOrganizations(size), connection).map((id) => one(id))
      case 'mix':
        return mixed(reads, list, create, renames, connection)
    }
  },
  /** What it answers to a key that does not exist, and of an organization of others. */
  statuses: { 'bad-key': [401, 403], 'foreign-id': [400, 403, 404] },
  async fill(url) {
    execFileSync(process.execPath, [file('migrate.mjs')], { env: { ...process.env, DATABASE_URL: url }, stdio: 'pipe' })
    await withClient(url, async (client) => {
      await client.query(fill)
      for (const id of keyHolders) await client.query(key, [String(id), hashOf(longKeyOf(id))])
      await client.query('vacuum (analyze)')
    })
  },
  command: (url, port) => ({
    command: process.execPath,
    args: [file('main.mjs')],
    env: { DATABASE_URL: url, PORT: String(port), NODE_ENV: 'production' },
    path: '/api/auth/ok',
  }),
}
