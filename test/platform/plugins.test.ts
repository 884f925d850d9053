import { Controller, Get, Injectable } from '@nestjs/common'
import { describe, expect, it } from '@jest/globals'
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { z } from 'zod'
import {
  ApiError,
  BillingGate,
  Config,
  CurrentCaller,
  Database,
  defineEvent,
  defineScope,
  defineSettings,
  loadConfig,
  type OrganizationCaller,
  OrganizationsPurge,
  type PluginOptions,
  Plugins,
  RequiresScope,
  setting,
  StartError,
} from '../../src/index.js'
import { run } from '../../src/server/cli/run.js'
import { expectError, testEnvironment, TestServer, useServer } from '../support/kit.js'
import { pluginOf } from '../support/plugin.js'

class CreateWidgets1767000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table widgets (
        organization_id uuid not null references organizations on delete cascade,
        id uuid not null,
        name varchar(64) not null,
        primary key (organization_id, id)
      )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table widgets')
  }
}

const widgetSettings = defineSettings({ WIDGETS_PER_PAGE: setting.whole(1, 100).default(10) })

@Injectable()
class WidgetsService {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  async list({ organization_id }: { organization_id: string }): Promise<{ most: number; names: string[] }> {
    const rows: { name: string }[] = await this.database.dataSource.query(
      'select name from widgets where organization_id = $1 order by name',
      [organization_id],
    )
    return { most: this.config.of(widgetSettings).WIDGETS_PER_PAGE, names: rows.map(({ name }) => name) }
  }
}

@Controller('api/organizations/:organization_id/widgets')
class WidgetsController {
  constructor(private readonly widgets: WidgetsService) {}

  @Get()
  @RequiresScope('widget:read')
  list(@CurrentCaller() caller: OrganizationCaller): Promise<{ most: number; names: string[] }> {
    return this.widgets.list(caller)
  }
}

const widgets = pluginOf(
  {
    controllers: [WidgetsController],
    providers: [WidgetsService],
    scopes: [defineScope('widget', { read: 'See widgets', write: 'Change widgets' })],
    settings: widgetSettings,
    migrations: [CreateWidgets1767000000000],
    organizationTables: ['widgets'],
    commands: [
      (program, { withServices, print }) =>
        program
          .command('widgets')
          .argument('<organization>')
          .action(async (organization_id: string) => {
            const list = await withServices((services) => services.get(WidgetsService).list({ organization_id }))
            if (list.names.length === 0)
              throw new ApiError(404, {
                type: 'invalid_request',
                code: 'not_found',
                detail: 'This organization has no widget.',
                attr: null,
              })
            await print(list, ({ names }) => names.join(', '))
          }),
    ],
    compatibility: '>=0.1.0',
  },
  'WidgetsModule',
)

describe('a plugin', () => {
  const server = useServer({ plugins: [widgets], environment: { WIDGETS_PER_PAGE: '25' } })
  const make = (organizationId: string, name: string) =>
    server.database.dataSource.query('insert into widgets values ($1, gen_random_uuid(), $2)', [organizationId, name])

  it('has routes, a scope, a setting and a table of its own', async () => {
    const { owner, path, id } = await server.organization()
    await make(id, 'Sprocket')
    const reader = await owner.with({ scopes: ['widget:read'] })
    expect((await reader.get(`${path}widgets/`)).body).toEqual({ most: 25, names: ['Sprocket'] })
    const stranger = await owner.with({ scopes: ['organization:read'] })
    const refused = await stranger.get(`${path}widgets/`)
    expectError(refused, 403, 'permission_denied', "API key missing required scope 'widget:read'")
  })

  it('has its table purged with the organization', async () => {
    const { owner, path, id } = await server.organization()
    await make(id, 'Sprocket')
    expect((await owner.delete(path)).status).toBe(204)
    await server.database.dataSource.query(
      `update organizations set deletion_requested_at = now() - interval '1 year' where id = $1`,
      [id],
    )
    expect(await server.application.get(OrganizationsPurge).run()).toContain(id)
    expect(await server.database.dataSource.query('select 1 from widgets where organization_id = $1', [id])).toEqual([])
  })

  it('adds to the command line, where its migrations are listed as its own', async () => {
    const { id } = await server.organization()
    await make(id, 'Gear')
    const lines: string[] = []
    const variables = { ...testEnvironment(), DATABASE_URL: server.application.get(Config).get('DATABASE_URL') }
    const config = loadConfig(variables, { plugins: [widgets] })
    const output = { out: (text: string) => void lines.push(text), err: (text: string) => void lines.push(text) }
    expect(await run(['widgets', id, '--json'], { plugins: [widgets], output, config })).toBe(0)
    expect(JSON.parse(lines.pop()!)).toMatchObject({ names: ['Gear'] })
    const { id: without } = await server.organization()
    expect(await run(['widgets', without], { plugins: [widgets], output, config })).toBe(1)
    expect(lines.pop()).toBe('This organization has no widget.')
    expect(await run(['migrate', 'status'], { plugins: [widgets], output, config })).toBe(0)
    expect(lines.pop()).toMatch(/^done {5}CreateWidgets1767000000000 {2}WidgetsModule$/m)
    expect(await run(['migrate', 'status'], { output, config })).toBe(1)
    expect(lines.pop()).toMatch('with a plugin that is missing here (CreateWidgets1767000000000)')
  })
})

class NoInvoices extends BillingGate {
  hasOpenInvoices = async () => false
}

describe('a plugin that does not fit keeps the server from starting', () => {
  const widget = defineScope('widget', { read: 'See widgets', write: 'Change widgets' })
  const created = defineEvent('plugin_test.created', 'Something was made.', z.strictObject({}))
  class OneBilling extends NoInvoices {}
  class OtherBilling extends NoInvoices {}
  class Idle {}
  class Unordered implements MigrationInterface {
    up = async () => undefined
    down = async () => undefined
  }

  it.each<[string, PluginOptions[], string]>([
    [
      'two with one scope',
      [{ scopes: [widget] }, { scopes: [widget] }],
      'Plugin1 and Plugin2 both declare the scope widget: rename or remove one.',
    ],
    [
      'a scope of ours',
      [{ scopes: [defineScope('project', { read: 'See', write: 'Change' })] }],
      'ProjectsModule and Plugin1 both declare the scope project: rename or remove one.',
    ],
    ['an event twice', [{ events: [created, created] }], 'Plugin1 declares the event plugin_test.created twice: '],
    [
      'a setting of ours',
      [{ settings: defineSettings({ VERCEL_CLIENT_ID: setting.flag }) }],
      'VercelModule and Plugin1 both declare the setting VERCEL_CLIENT_ID: ',
    ],
    [
      'a migration of the same name',
      [{ migrations: [CreateWidgets1767000000000] }, { migrations: [CreateWidgets1767000000000] }],
      'Plugin1 and Plugin2 both declare the migration CreateWidgets1767000000000: ',
    ],
    [
      'a migration without its time',
      [{ migrations: [Unordered] }],
      'The migration Unordered of Plugin1 cannot be ordered: end its class name with the time of its creation in milliseconds, as in CreateWidgets',
    ],
    [
      'two that replace one decision',
      [{ decisions: [OneBilling] }, { decisions: [OtherBilling] }],
      'OneBilling of Plugin1 and OtherBilling of Plugin2 both replace BillingGate: remove one.',
    ],
    [
      'a decision that decides nothing',
      [{ decisions: [Idle as never] }],
      'Idle, which Plugin1 lists in decisions, decides nothing: let it extend Entitlements or BillingGate.',
    ],
    [
      'another version of Polity',
      [{ compatibility: '^99.0.0' }],
      'Plugin1 is for Polity ^99.0.0, and this is 0.1.0: install a version of the plugin for it.',
    ],
  ])('%s', (_, plugins, sentence) => {
    const named = plugins.map((options, index) => pluginOf(options, `Plugin${index + 1}`))
    expect(() => new Plugins(named)).toThrow(StartError)
    expect(() => new Plugins(named)).toThrow(sentence)
  })

  const table = (name: string, sql: string) => {
    const { [`Create${name}1767000000001`]: migration } = {
      [`Create${name}1767000000001`]: class implements MigrationInterface {
        up = (runner: QueryRunner) => runner.query(sql)
        down = (runner: QueryRunner) => runner.query(`drop table ${name}`)
      },
    }
    return { migrations: [migration!], organizationTables: [name] }
  }

  it.each<[string, PluginOptions, string]>([
    [
      'a table that no migration creates',
      { organizationTables: ['gadgets'] },
      'The table gadgets, which a plugin lists in organizationTables, does not exist: create it with a migration, and list that in migrations.',
    ],
    [
      'a table that a purge would leave',
      table('gadgets', 'create table gadgets (organization_id uuid primary key references organizations)'),
      'The table gadgets keeps its rows when their organization is purged: ',
    ],
    [
      'a table with another column first in its key',
      table(
        'gadgets',
        `create table gadgets (organization_id uuid references organizations on delete cascade, id int, primary key (id, organization_id))`,
      ),
      'The table gadgets does not have organization_id as the first column of gadgets_pkey: ',
    ],
    [
      'an index that tells one organization of another',
      table(
        'gadgets',
        `create table gadgets (organization_id uuid references organizations on delete cascade, name text, primary key (organization_id, name));
         create unique index gadgets_name on gadgets (name)`,
      ),
      'The table gadgets does not have organization_id as the first column of gadgets_name: ',
    ],
  ])('%s', async (_, options, sentence) => {
    await expect(TestServer.start({ plugins: [pluginOf(options)], ownDatabase: true })).rejects.toThrow(sentence)
  })

  it('settings that nobody read', () => {
    expect(() => loadConfig({}).of(widgetSettings)).toThrow(
      'The settings WIDGETS_PER_PAGE were not read: list them as settings in @PolityPlugin, and give the plugin to loadConfig as well.',
    )
  })
})
