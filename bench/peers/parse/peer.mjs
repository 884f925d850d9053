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
import { freePort, startServer } from '../../lib/processes.mjs'
import { mixed, newName, turned, writing } from '../../lib/scenarios.mjs'
import { npmPeer } from '../install.mjs'

const tokenOf = (userId) => `r:${keyOf(userId)}`
const classes = '/parse/classes/Organization'

/** Members stand in an organization's ACL: `_rperm` who may read, `_wperm` who may write. */
const fill = `
  insert into "_User" ("objectId", "createdAt", "updatedAt", username, _rperm, _wperm)
    select 'u' || id, now(), now(), email, array['u' || id], array['u' || id] from users;
  insert into "Project" ("objectId", "createdAt", "updatedAt", name, api_token, timezone, _rperm)
    select 'p' || p.id, p.created_at, p.updated_at, p.name, p.api_token, p.timezone,
      (select array_agg('u' || user_id) from organization_memberships m where m.organization_id = p.organization_id)
    from projects p;
  insert into "Organization" ("objectId", "createdAt", "updatedAt", name, slug, member_count, projects, _rperm, _wperm)
    select o.id, o.created_at, o.updated_at, o.name, o.slug, m.count,
      jsonb_build_array(jsonb_build_object('__type', 'Pointer', 'className', 'Project', 'objectId', 'p' || p.id)),
      m.readers, m.writers
    from organizations o join projects p on p.organization_id = o.id
    join (select organization_id, count(*), array_agg('u' || user_id) as readers,
        array_agg('u' || user_id) filter (where level >= 8) as writers
      from organization_memberships group by organization_id) m on m.organization_id = o.id;`

const session = `insert into "_Session" ("objectId", "createdAt", "updatedAt", "user", "sessionToken", "expiresAt")
  values ($1, now(), now(), $1, $2, now() + interval '1 year')`

const command = (url, port) => ({
  command: process.execPath,
  args: [fileURLToPath(new URL('main.mjs', import.meta.url))],
  env: { DATABASE_URL: url, PORT: String(port), NODE_ENV: 'production' },
  cwd: fileURLToPath(new URL('../../results/', import.meta.url)),
  path: '/parse/health',
})

export const parse = {
  name: 'parse',
  about: 'Parse Server on Express: REST API key and session token, members in the ACL, projects included',
  ...npmPeer('parse'),
  /** It makes its classes when it first starts; then they are filled. */
  async fill(url) {
    const port = await freePort()
    const server = await startServer('parse (fill)', command(url, port), port)
    await server.stop()
    await withClient(url, async (client) => {
      await client.query(fill)
      for (const id of keyHolders) await client.query(session, [`u${id}`, tokenOf(id)])
      await client.query('vacuum (analyze)')
    })
  },
  command,
  requests(scenario, size, connection) {
    const headers = (userId) => ({
      'x-parse-application-id': 'bench',
      'x-parse-rest-api-key': 'bench-rest-key',
      'x-parse-session-token': tokenOf(userId),
    })
    const get = (path, userId = CALLER) => ({ method: 'GET', path: `${classes}${path}`, headers: headers(userId) })
    const write = (method, path, userId, body) =>
      writing(
        { method, path: `${classes}${path}`, headers: { ...headers(userId), 'content-type': 'application/json' } },
        body,
      )
    const one = (id, userId) => get(`/${id}?include=projects`, userId)
    const own = turned(callersOrganizations(size), connection)
    const list = get('?limit=100&order=createdAt&include=projects&count=1')
    const creator = firstCreator + connection
    const create = write('POST', '', creator, () => ({
      name: newName(),
      ACL: { [`u${creator}`]: { read: true, write: true } },
    }))
    const renames = callersOrganizations(size)
      .slice(0, OWNED)
      .filter((_, index) => index % CONNECTIONS === connection)
      .map((id) => write('PUT', `/${id}`, CALLER, () => ({ name: newName() })))
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
  /** Its code 209, an invalid session token, comes with 400. */
  statuses: { 'bad-key': [400] },
}
