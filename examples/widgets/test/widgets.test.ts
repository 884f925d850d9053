import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Config, Database, MembersService, OrganizationsPurge } from 'polity'
import { eventually, testActor, type TestOrganization, TestServer } from 'polity/testing'
import { Widget } from '../src/widget.entity.js'
import { widgetCreated, widgetDeleted } from '../src/widget.events.js'
import { WidgetsModule } from '../src/widgets.module.js'

describe('widgets', () => {
  let server: TestServer

  before(async () => {
    // A deleted organization is purged at once.
    const environment = { ORGANIZATION_RESTORE_DAYS: '0' }
    server = await TestServer.start({ plugins: [WidgetsModule], environment })
  })
  after(() => server?.close())

  const add = ({ owner, path }: TestOrganization, name = 'Sprocket', by = owner) => by.post(`${path}widgets/`, { name })
  const list = async ({ owner, path }: TestOrganization) => (await owner.get(`${path}widgets/`)).body

  it('are made by members, listed by their names, and announced', async () => {
    const organization = await server.organization()
    const member = await organization.member()
    const { status, body } = await add(organization, 'Sprocket', member)
    assert.equal(status, 201)
    assert.deepEqual(body, { id: body.id, name: 'Sprocket', owner_id: member.row.id })
    await add(organization, 'Gear')
    const { count, results } = await list(organization)
    assert.deepEqual([count, results.map(({ name }: { name: string }) => name)], [2, ['Gear', 'Sprocket']])
    const page = await organization.owner.get(`${organization.path}widgets/?limit=1&offset=1`)
    assert.deepEqual([page.body.results, page.body.next], [[body], null])
    assert.deepEqual(await announced(organization, widgetCreated.type), ['Sprocket', 'Gear'])
  })

  it('are deleted by admins', async () => {
    const organization = await server.organization()
    const { body } = await add(organization)
    const path = `${organization.path}widgets/${body.id}/`
    assert.equal((await (await organization.member()).delete(path)).status, 403)
    assert.equal((await (await organization.admin()).delete(path)).status, 204)
    assert.equal((await organization.owner.delete(path)).status, 404)
    assert.equal((await organization.owner.delete(`${organization.path}widgets/none/`)).status, 404)
    assert.deepEqual(await announced(organization, widgetDeleted.type), ['Sprocket'])
  })

  it('ask for a key with the scope', async () => {
    const organization = await server.organization()
    const reader = await organization.owner.with({ scopes: ['widget:read'] })
    assert.equal((await reader.get(`${organization.path}widgets/`)).status, 200)
    const { status, body } = await add(organization, 'Sprocket', reader)
    assert.deepEqual([status, body.detail], [403, "API key missing required scope 'widget:write'"])
  })

  it('have names that are unique in their organization', async () => {
    const [acme, globex] = [await server.organization(), await server.organization()]
    await add(acme)
    const { status, body } = await add(acme)
    assert.deepEqual([status, body.code, body.attr], [400, 'unique', 'name'])
    assert.equal((await add(acme, ' ')).body.code, 'blank')
    assert.equal((await add(globex)).status, 201)
  })

  it('are at most as many as the organization may have', async () => {
    const organization = await server.organization()
    const { owner, path } = organization
    assert.equal((await owner.get(path)).body.widget_limit, 100)
    const { status, body } = await owner.patch(path, { widget_limit: 1 })
    assert.deepEqual([status, body.widget_limit], [200, 1])
    const [one, two] = await Promise.all([add(organization, 'Gear'), add(organization)])
    assert.deepEqual([one.status, two.status].sort(), [201, 400])
    assert.equal([one, two].find((answer) => answer.status === 400)!.body.code, 'limit_reached')
    const refused = await owner.patch(path, { widget_limit: 0 })
    assert.deepEqual([refused.status, refused.body.code, refused.body.attr], [400, 'limit_too_low', 'widget_limit'])
  })

  it('are unknown to other organizations', async () => {
    const [acme, globex] = [await server.organization(), await server.organization()]
    const { body } = await add(acme)
    assert.equal((await globex.owner.get(`${acme.path}widgets/`)).status, 404)
    assert.equal((await globex.owner.delete(`${globex.path}widgets/${body.id}/`)).status, 404)
    assert.equal((await list(acme)).count, 1)
    assert.equal((await list(globex)).count, 0)
  })

  it('belong to nobody once their owner has left', async () => {
    const organization = await server.organization()
    const member = await organization.member()
    await add(organization, 'Sprocket', member)
    await add(organization, 'Gear')
    await server.application.get(MembersService).remove(testActor(organization.id), member.row.id)
    const owners = async () => (await list(organization)).results.map((widget: { owner_id: number }) => widget.owner_id)
    assert.deepEqual(await eventually(owners, ([, sprocket]) => sprocket === null), [organization.owner.row.id, null])
  })

  it('go with their organization', async () => {
    const organization = await server.organization()
    const { id: organization_id } = organization
    const left = () => server.application.get(Database).dataSource.manager.countBy(Widget, { organization_id })
    await add(organization)
    assert.equal(await left(), 1)
    await organization.owner.delete(organization.path)
    await server.application.get(OrganizationsPurge).run()
    assert.equal(await left(), 0)
  })

  it('are made on the command line', async () => {
    const organization = await server.organization()
    const environment = { ...process.env, DATABASE_URL: server.application.get(Config).get('DATABASE_URL') }
    const polity = (...args: string[]) =>
      promisify(execFile)(process.execPath, [new URL('../src/main.js', import.meta.url).pathname, ...args], {
        env: { ...environment, INTEGRATION_ENCRYPTION_KEYS: `test:${Buffer.alloc(32).toString('base64')}` },
      })
    const { stdout } = await polity('widgets', 'create', organization.id, 'Sprocket', '--json')
    assert.deepEqual((await list(organization)).results, [JSON.parse(stdout)])
    await assert.rejects(polity('widgets', 'create', organization.id, 'Sprocket'), /There is already a widget/)
  })

  /** The names in the events of a type, in their order. */
  const announced = async ({ id }: TestOrganization, type: string): Promise<string[]> => {
    const rows: { name: string }[] = await server.application
      .get(Database)
      .dataSource.query(
        `select payload->>'name' as name from events where organization_id = $1 and type = $2 order by id`,
        [id, type],
      )
    return rows.map(({ name }) => name)
  }
})
