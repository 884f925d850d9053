import { feathers } from '@feathersjs/feathers'
import { KnexService } from '@feathersjs/knex'
import { bodyParser, errorHandler, koa, parseAuthentication, rest } from '@feathersjs/koa'
import knex from 'knex'
import { useApiKeys } from './api-key.mjs'
import { useOrganizations } from './organizations.mjs'

const app = koa(feathers())
const Model = knex({ client: 'pg', connection: process.env.DATABASE_URL, pool: { min: 0, max: 10 } })
app.set('postgresqlClient', Model)
app.use(errorHandler())
app.use(parseAuthentication())
app.use(bodyParser())
app.configure(rest())

const tables = {
  users: 'users',
  keys: 'personal_api_keys',
  projects: 'projects',
  memberships: 'organization_memberships',
  outbox: 'outbox',
}
for (const [path, name] of Object.entries(tables)) {
  // Used by the server itself only.
  app.use(path, new KnexService({ Model, name, paginate: { default: 100, max: 1_000 } }), { methods: [] })
}
useApiKeys(app)
useOrganizations(app, 'api/organizations')

await app.listen(Number(process.env.PORT), '127.0.0.1')
