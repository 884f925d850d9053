import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { withClient } from '../../lib/database.mjs'
import {
  CALLER,
  callersOrganizations,
  CONNECTIONS,
  firstCreator,
  foreignOrganizations,
  keyOf,
  OWNED,
} from '../../lib/fixtures.mjs'
import { mixed, newName, turned, writing } from '../../lib/scenarios.mjs'
import { npmPeer } from '../install.mjs'
import { fillSchema } from './schema.mjs'

/** Not its `directus` command, which first asks the registry for a newer version. */
const program = fileURLToPath(new URL('node_modules/@directus/api/dist/cli/run.js', import.meta.url))
const results = fileURLToPath(new URL('../../results/', import.meta.url))
const collection = '/items/organizations'
const fields = 'fields=id,name,slug,logo_media_id,member_count,created_at,updated_at,projects.*'

/**
 * A write holds a connection while it waits for a second, so that ten writes in a pool of ten wait for ever. The others
 * leave room for so many connections only on a server with more than PostgreSQL's 100.
 */
const POOL_FOR_WRITES = CONNECTIONS + 10
const WRITES = ['create', 'rename', 'mix']

const environment = (url, pool = 10) => ({
  NODE_ENV: 'production',
  KEY: 'bench',
  SECRET: 'bench-secret-of-32-characters-or-more',
  ADMIN_EMAIL: 'admin@example.com',
  ADMIN_PASSWORD: 'bench',
  DB_CLIENT: 'pg',
  DB_CONNECTION_STRING: url,
  // Beside the tables of the others, and under the same names.
  DB_SEARCH_PATH: 'array:directus',
  DB_POOL__MAX: String(pool),
  SERVE_APP: 'false',
  TELEMETRY: 'false',
  // Otherwise it answers 503 rather than late.
  PRESSURE_LIMITER_ENABLED: 'false',
  // On, as ours is, and never reached.
  RATE_LIMITER_ENABLED: 'true',
  RATE_LIMITER_STORE: 'memory',
  RATE_LIMITER_POINTS: '1000000000',
  RATE_LIMITER_DURATION: '60',
})

export const directus = {
  name: 'directus',
  about: 'Directus: a static token, permissions that look for the membership, projects included, its activity log on',
  ...npmPeer('directus'),
  async fill(url) {
    await withClient(url, (client) => client.query('create schema directus'))
    execFileSync(process.execPath, [program, 'bootstrap'], {
      cwd: results,
      env: { ...process.env, ...environment(url) },
      stdio: 'pipe',
    })
    return withClient(url, async (client) => {
      await fillSchema(client)
      const { rows } = await client.query('show max_connections')
      return { pool: Number(rows[0].max_connections) >= 150 ? POOL_FOR_WRITES : 10 }
    })
  },
  command: (url, port, { pool }) => ({
    command: process.execPath,
    args: [program, 'start'],
    cwd: results,
    env: { ...environment(url, pool), HOST: '127.0.0.1', PORT: String(port) },
    path: '/server/ping',
  }),
  requests(scenario, size, connection, { pool } = {}) {
    if (WRITES.includes(scenario) && pool < POOL_FOR_WRITES) return undefined
    const headers = (userId) => ({ authorization: `Bearer ${keyOf(userId)}` })
    const get = (path, userId = CALLER) => ({ method: 'GET', path: `${collection}${path}`, headers: headers(userId) })
    const write = (method, path, userId, body) =>
      writing(
        {
          method,
          path: `${collection}${path}?${fields}`,
          headers: { ...headers(userId), 'content-type': 'application/json' },
        },
        body,
      )
    const one = (id, userId) => get(`/${id}?${fields}`, userId)
    const own = turned(callersOrganizations(size), connection)
    const list = get(`?limit=100&sort=created_at&meta=filter_count&${fields}`)
    const create = write('POST', '', firstCreator + connection, () => ({
      name: newName(),
      memberships: [{}],
      projects: [{ name: 'Default project' }],
    }))
    const renames = callersOrganizations(size)
      .slice(0, OWNED)
      .filter((_, index) => index % CONNECTIONS === connection)
      .map((id) => write('PATCH', `/${id}`, CALLER, () => ({ name: newName() })))
    const reads = own.map((id) => one(id))
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
        return [one(own[0], 0)]
      case 'foreign-id':
        return turned(foreignOrganizations(size), connection).map((id) => one(id))
      case 'mix':
        return mixed(reads, list, create, renames, connection)
    }
  },
  /** It answers alike whether an item is missing or hidden: 403. */
  statuses: { 'foreign-id': [403] },
}
