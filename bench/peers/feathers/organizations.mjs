import { authenticate } from '@feathersjs/authentication'
import { Forbidden, NotFound } from '@feathersjs/errors'
import { KnexService } from '@feathersjs/knex'
import { resolve, resolveResult, virtual } from '@feathersjs/schema'
import { randomBytes, randomUUID } from 'node:crypto'

/** What is not in the organization's own row is resolved for each, as virtual properties. */
const resolver = resolve({
  membership_level: virtual(async ({ id, membership_level }, { app, params }) =>
    membership_level === undefined ? (await membershipOf(app, id, params.user))?.level : membership_level,
  ),
  teams: virtual(({ id }, { app }) =>
    app.service('projects').find({ query: { organization_id: id, $sort: { id: 1 } }, paginate: false }),
  ),
  member_count: virtual(async ({ id }, { app }) => {
    const page = await app.service('memberships').find({ query: { organization_id: id, $limit: 0 } })
    return page.total
  }),
})

class OrganizationsService extends KnexService {
  /** The caller's own, in the order of their creation. */
  createQuery(params) {
    const query = super.createQuery(params)
    if (!params.ofUser) return query
    return query
      .join('organization_memberships as m', 'm.organization_id', 'organizations.id')
      .where('m.user_id', params.ofUser)
      .select('m.level as membership_level')
  }

  async create({ name }, { user }) {
    const id = randomUUID()
    const slug = name.toLowerCase().replace(/\W+/g, '-')
    return this.Model.transaction(async (trx) => {
      const [organization] = await trx('organizations').insert({ id, name, slug }).returning('*')
      await trx('organization_slugs').insert({ slug, organization_id: id })
      const api_token = `phc_${randomBytes(32).toString('base64url')}`
      const [project] = await trx('projects')
        .insert({ organization_id: id, uuid: randomUUID(), name: 'Default project', api_token })
        .returning('id')
      await trx('organization_memberships').insert({
        organization_id: id,
        id: randomUUID(),
        user_id: user.id,
        level: 15,
      })
      await trx('user_organizations').insert({
        user_id: user.id,
        organization_id: id,
        organization_created_at: organization.created_at,
      })
      await trx('users').where({ id: user.id }).update({ current_organization_id: id, current_project_id: project.id })
      await trx('outbox').insert({
        id: randomUUID(),
        type: 'organization.created',
        organization_id: id,
        payload: { name },
      })
      return organization
    })
  }
}

async function membershipOf(app, organization_id, user) {
  const query = { organization_id, user_id: user.id, $limit: 1 }
  return (await app.service('memberships').find({ query, paginate: false }))[0]
}

async function checkMembership(context) {
  const membership = await membershipOf(context.app, context.id, context.params.user)
  if (!membership) throw new NotFound()
  if (context.method === 'patch' && membership.level < 8) throw new Forbidden()
}

async function onlyOwn(context) {
  context.params.ofUser = context.params.user.id
  context.params.query = { $sort: { created_at: 1, id: 1 }, ...context.params.query }
}

async function publishRename(context) {
  const { id, name } = context.result
  const event = { id: randomUUID(), type: 'organization.updated', organization_id: id, payload: { name } }
  await context.app.service('outbox').create(event)
}

export function useOrganizations(app, path) {
  const Model = app.get('postgresqlClient')
  const paginate = { default: 100, max: 1_000 }
  app.use(path, new OrganizationsService({ Model, name: 'organizations', paginate }), {
    methods: ['find', 'get', 'create', 'patch'],
  })
  app.service(path).hooks({
    around: { all: [authenticate('apiKey'), resolveResult(resolver)] },
    before: { find: [onlyOwn], get: [checkMembership], patch: [checkMembership] },
    after: { patch: [publishRename] },
  })
}
