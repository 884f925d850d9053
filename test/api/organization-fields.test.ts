import { Injectable } from '@nestjs/common'
import { describe, expect, it } from '@jest/globals'
import {
  BooleanField,
  ChoiceField,
  defineOrganizationField,
  IntegerField,
  ListField,
  notFound,
  type OrganizationChanges,
  OrganizationHooks,
  OrganizationsService,
  Plugins,
  StringField,
  type Transaction,
} from '../../src/index.js'
import { Organization } from '../../src/organizations/organization.entity.js'
import { testActor } from '../../src/testing/test-people.js'
import { expectError, TestServer, useServer } from '../support/kit.js'
import { pluginOf } from '../support/plugin.js'

const beta = defineOrganizationField('beta', BooleanField({ description: "Whether it sees what's new." }), false)
const plan = defineOrganizationField('plan', ChoiceField({ choices: ['free', "owner's"] }), "owner's")
const seats = defineOrganizationField('seats', IntegerField({ nullable: true }), null as number | null)
const tags = defineOrganizationField(
  'tags',
  ListField({ items: StringField({ maxLength: 10 }), maxItems: 3 }),
  [] as string[],
)

@Injectable()
class NoSeats extends OrganizationHooks {
  override beforeUpdate(_tx: Transaction, _actor: unknown, changes: OrganizationChanges): void {
    if ((changes as Record<string, { after: unknown }>).seats?.after === 0) throw notFound()
  }
}

const plugin = pluginOf({ fields: { organization: [beta, plan, seats, tags] }, hooks: [NoSeats] })

describe('fields of plugins on organizations', () => {
  const server = useServer({ plugins: [plugin] })
  const initial = { beta: false, plan: "owner's", seats: null, tags: [] }

  it('stand behind the others, alone and in lists, with their first values until somebody sets them', async () => {
    const { owner, path } = await server.organization()
    const { body } = await owner.get(path)
    expect(body).toMatchObject(initial)
    expect(Object.keys(body).slice(-5)).toEqual(['is_pending_deletion', 'beta', 'plan', 'seats', 'tags'])
    expect((await owner.get('/api/organizations/')).body.results).toEqual([body])
    expect((await owner.get('/api/organizations/?search=a&ordering=-name')).body.results).toEqual([body])
  })

  it('are set by PATCH, PUT and POST, in the words of forms too, and said by the event', async () => {
    const { owner, path, id } = await server.organization()
    const set = await owner.patch(path, { beta: 'yes', seats: '12', name: 'Both' })
    expect(set.body).toMatchObject({ ...initial, beta: true, seats: 12, name: 'Both' })
    expect((await owner.put(path, { name: 'Both', tags: ['a', 'b'] })).body).toMatchObject({
      seats: 12,
      tags: ['a', 'b'],
    })
    const made = await owner.post('/api/organizations/', { name: 'Made', plan: 'free' })
    expect(made.body).toMatchObject({ ...initial, plan: 'free' })
    const changes = await server.database.dataSource.query(
      `select changes from events where organization_id = $1 and type = 'organization.updated' order by id`,
      [id],
    )
    expect(changes).toEqual([
      {
        changes: {
          name: { before: expect.any(String), after: 'Both' },
          beta: { before: false, after: true },
          seats: { before: null, after: 12 },
        },
      },
      { changes: { tags: { before: [], after: ['a', 'b'] } } },
    ])
  })

  it('that already are as asked change nothing', async () => {
    const { owner, path } = await server.organization()
    const { body } = await owner.get(path)
    expect((await owner.patch(path, initial)).body).toEqual(body)
    const { body: tagged } = await owner.patch(path, { tags: ['a'] })
    expect((await owner.patch(path, { tags: ['a'] })).body).toEqual(tagged)
  })

  it('are refused as settings are, and by whoever may not set those', async () => {
    const { owner, path } = await server.organization()
    expectError(await owner.patch(path, { beta: 'perhaps' }), 400, 'invalid_input', 'Must be a valid boolean.', 'beta')
    expectError(await owner.patch(path, { beta: null }), 400, 'null', 'This field may not be null.', 'beta')
    expect((await owner.post('/api/organizations/', { name: 'Made', plan: 'gold' })).body).toMatchObject({
      attr: 'plan',
    })
    expect((await owner.patch(path, { tags: ['a', 'much too long'] })).body).toMatchObject({ attr: 'tags__1' })
    expect((await owner.patch(path, { seats: 0 })).status).toBe(404)
    const reader = await owner.with({ scopes: ['organization:read'] })
    expect((await reader.patch(path, { beta: true })).status).toBe(403)
    expect((await owner.get(path)).body).toMatchObject(initial)
  })

  it('are checked for every way in, and read with their types', async () => {
    const { owner, path, id } = await server.organization()
    const organizations = server.application.get(OrganizationsService)
    const caller = { ...testActor(id), level: 15, user: { id: owner.row.id, uuid: owner.row.uuid } } as never
    await expect(organizations.update(caller, { plan: 'gold' } as object)).rejects.toMatchObject({ status: 400 })
    await organizations.update(caller, { beta: true, unknown: 1 } as object)
    const row = await server.database.dataSource.manager.findOneByOrFail(Organization, { id })
    const read: [boolean, string, number | null] = [beta.of(row), plan.of(row), seats.of(row)]
    expect(read).toEqual([true, "owner's", null])
    expect(beta.of((await owner.get(path)).body)).toBe(true)
    expect(row.custom).toEqual({ beta: true })
  })

  it('are kept and not shown while their plugin is away', async () => {
    const { owner, path, id } = await server.organization()
    await server.database.dataSource.query(`update organizations set custom = '{"gone": 1}' where id = $1`, [id])
    expect((await owner.patch(path, { beta: true })).body).not.toHaveProperty('gone')
    const [{ custom }] = await server.database.dataSource.query('select custom from organizations where id = $1', [id])
    expect(custom).toEqual({ gone: 1, beta: true })
  })

  it('stand in the OpenAPI document', async () => {
    const { schemas } = (await server.request('GET', '/api/schema/')).body.components
    const described = { type: 'boolean', description: "Whether it sees what's new." }
    for (const name of ['OrganizationView', 'CreateOrganization', 'UpdateOrganization'])
      expect(schemas[name].properties.beta).toEqual(described)
    expect(schemas.OrganizationView.required).toContain('beta')
    expect(schemas.UpdateOrganization.required ?? []).not.toContain('beta')
    expect(Object.keys(schemas)).not.toContain('OrganizationPluginFields')
  })
})

describe('a server without the plugin', () => {
  const server = useServer()

  it('knows nothing of its fields', async () => {
    const { owner, path } = await server.organization()
    const { status, body } = await owner.patch(path, { beta: true })
    expect(status).toBe(200)
    expect(body).not.toHaveProperty('beta')
    expect(JSON.stringify((await server.request('GET', '/api/schema/')).body)).not.toContain('"beta"')
  })

  it('refuses to start with two fields of one name, or with the name of one of ours', async () => {
    const twice = [
      pluginOf({ fields: { organization: [beta] } }, 'First'),
      pluginOf({ fields: { organization: [beta] } }, 'Second'),
    ]
    expect(() => new Plugins(twice)).toThrow(
      'First and Second both declare the organization field beta: rename or remove one.',
    )
    const taken = pluginOf({ fields: { organization: [defineOrganizationField('name', BooleanField(), false)] } })
    await expect(TestServer.start({ plugins: [taken] })).rejects.toThrow(
      'Organizations have a field name already: give the field of your plugin another name.',
    )
    const refusal = (name: string, field: PropertyDecorator, initial: string | boolean) =>
      TestServer.start({
        plugins: [pluginOf({ fields: { organization: [defineOrganizationField(name, field, initial)] } })],
      })
    await expect(refusal('custom', BooleanField(), false)).rejects.toThrow('Organizations have a field custom already')
    await expect(refusal('gold', BooleanField({ required: true }), false)).rejects.toThrow('gold is required')
    await expect(refusal('tier', ChoiceField({ choices: ['free'] }), 'gold')).rejects.toThrow(
      'is not one of its values',
    )
    await expect(refusal('many', IntegerField(), '12')).rejects.toThrow('is not one of its values')
    expect(() => defineOrganizationField("it's", BooleanField(), false)).toThrow('needs a name in snake_case')
  })
})
