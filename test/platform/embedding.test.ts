import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  BadRequestException,
  Body,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  type INestApplication,
  Injectable,
  Module,
  Post,
  ValidationPipe,
  VersioningType,
} from '@nestjs/common'
import { APP_GUARD, HttpAdapterHost, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger'
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm'
import { IsEmail } from 'class-validator'
import {
  Column,
  DataSource,
  Entity,
  type MigrationInterface,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type QueryRunner,
} from 'typeorm'
import {
  defineScope,
  MembersService,
  OrganizationsService,
  Polity,
  PolityModule,
  type PolityOptions,
  PolityPlugin,
  Public,
  systemActor,
  UsersService,
} from '../../src/index.js'
import {
  type Answer,
  emptyTestDatabase,
  eventually,
  type TestDatabase,
  testEnvironment,
  TestServer,
} from '../support/kit.js'

/** The application that Polity is put into: a table, a controller, a filter, a pipe and a guard of its own. */
@Entity('users')
class Customer {
  @PrimaryGeneratedColumn() id!: number
  @Column('text') email!: string
}

class NewCustomer {
  @IsEmail() email!: string
}

@Controller('api/customers')
class CustomersController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly organizations: OrganizationsService,
  ) {}

  @Post()
  create(@Body() body: NewCustomer): Promise<Customer> {
    return this.dataSource.manager.save(Object.assign(new Customer(), body))
  }

  @Get()
  list(): Promise<Customer[]> {
    return this.dataSource.manager.find(Customer)
  }

  @Get('broken')
  broken(): never {
    throw new BadRequestException('broken')
  }

  @Get('organizations')
  knows(): { organizations: boolean } {
    return { organizations: this.organizations instanceof OrganizationsService }
  }
}

@Catch(HttpException)
class TeapotFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_: unknown, host: Parameters<ExceptionFilter['catch']>[1]): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { teapot: true }, 418)
  }
}

let guarded = 0

@Injectable()
class CountingGuard implements CanActivate {
  canActivate(): boolean {
    guarded++
    return true
  }
}

/** Asks for something of the application's own. */
@Injectable()
class Greeting {
  readonly text = 'from the application'
}

@Module({ providers: [Greeting], exports: [Greeting] })
class GreetingModule {}

@Controller('api/greetings')
class GreetingsController {
  constructor(private readonly greeting: Greeting) {}

  @Get()
  @Public()
  greet(): { text: string } {
    return { text: this.greeting.text }
  }
}

/** A table of a plugin's, in Polity's schema. */
@Entity('greetings')
class StoredGreeting {
  @PrimaryColumn('uuid') organization_id!: string
  @Column('text') text!: string
}

class CreateGreetings1767000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create table greetings (
      organization_id uuid primary key references organizations on delete cascade, text text not null)`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table greetings')
  }
}

@PolityPlugin({
  entities: [StoredGreeting],
  migrations: [CreateGreetings1767000000000],
  organizationTables: ['greetings'],
})
class StoredGreetingsModule {}

@PolityPlugin({
  controllers: [GreetingsController],
  scopes: [defineScope('greeting', { read: 'See greetings', write: 'Change greetings' })],
})
class GreetingsModule {}

const adapters = { Fastify: () => new FastifyAdapter(), Express: () => new ExpressAdapter() }

const settings = () => ({ ...testEnvironment(), DATABASE_URL: undefined, LOG_LEVEL: 'silent' })

async function hostOf(
  adapter: FastifyAdapter | ExpressAdapter,
  databaseUrl: string,
  options: Partial<PolityOptions> = {},
  configure: (host: INestApplication) => void = () => undefined,
): Promise<INestApplication> {
  @Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url: databaseUrl, autoLoadEntities: true, synchronize: true }),
      TypeOrmModule.forFeature([Customer]),
      PolityModule.forRootAsync({
        imports: [GreetingModule],
        inject: [Greeting],
        useFactory: (greeting: Greeting) => ({
          databaseUrl,
          settings: settings(),
          plugins: [
            {
              module: GreetingsModule,
              providers: [{ provide: Greeting, useValue: greeting }],
            },
          ],
          ...options,
        }),
      }),
    ],
    controllers: [CustomersController],
    providers: [{ provide: APP_GUARD, useClass: CountingGuard }],
  })
  class HostModule {}

  const host = await NestFactory.create(HostModule, adapter, { logger: false, abortOnError: false })
  host.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }))
  host.useGlobalFilters(new TeapotFilter(host.get(HttpAdapterHost)))
  configure(host)
  await host.listen(0, '127.0.0.1')
  return host
}

/** What a caller sees, without what names the server and the moment. */
const seen = ({ status, headers, body, text }: Answer, url: string, prefix: string) => ({
  status,
  body: body ? JSON.parse(text.replaceAll(url + prefix, '')) : text,
  headers: Object.fromEntries(
    [...headers].filter(
      ([name]) => !['date', 'keep-alive', 'connection', 'x-request-id', 'content-length'].includes(name),
    ),
  ),
})

describe.each(Object.keys(adapters) as (keyof typeof adapters)[])('inside of an application on %s', (name) => {
  let database: TestDatabase
  let host: INestApplication
  let ours: TestServer
  let key: string
  let reader: string
  let organization: string
  const PREFIX = '/platform'

  beforeAll(async () => {
    database = await emptyTestDatabase(process.env.TEST_DATABASE_URL)
    host = await hostOf(adapters[name](), database.url, { prefix: PREFIX, schema: 'platform' })
    // Beside it in the same schema, to compare with.
    ours = await TestServer.start({
      environment: { DATABASE_URL: `${database.url}?options=-c%20search_path%3Dplatform` },
    })
    const person = await ours.user()
    key = person.key
    reader = (await person.with({ scopes: ['organization:read'] })).key
    const made = await request('POST', `/api/organizations/`, { body: { name: 'Within' } })
    organization = made.body.id
  })
  afterAll(async () => {
    await host?.close()
    await ours?.close()
    await database?.close()
  })

  type Options = { key?: string; body?: unknown; headers?: Record<string, string> }
  const request = async (method: string, path: string, options: Options = {}, prefix = PREFIX): Promise<Answer> =>
    TestServer.prototype.request.call({ url: await host.getUrl() }, method, prefix + path, { key, ...options })

  it.each<[string, string, string, Options | (() => Options)]>([
    ['a list', 'GET', '/api/organizations/', {}],
    ['a list without its end slash', 'GET', '/api/organizations', {}],
    ['a page with links', 'GET', '/api/organizations/?limit=1&offset=1', {}],
    ['one', 'GET', '/api/organizations/:id/', {}],
    ['a change', 'PATCH', '/api/organizations/:id/', { body: { name: 'Renamed' } }],
    ['integrations', 'GET', '/api/organizations/:id/integrations/', {}],
    ['401', 'GET', '/api/organizations/', { key: 'phx_wrong' }],
    ['403 for a scope', 'PATCH', '/api/organizations/:id/', () => ({ key: reader, body: { name: 'Refused' } })],
    ['400 for a field that is missing', 'POST', '/api/organizations/', { body: {} }],
    ['404 for a deletion', 'DELETE', '/api/organizations/:id/integrations/none/', {}],
    ['400 for a field', 'PATCH', '/api/organizations/:id/', { body: { name: '' } }],
    ['400 for broken JSON', 'PATCH', '/api/organizations/:id/', { body: '{"name": ' }],
    ['404 for another organization', 'GET', '/api/organizations/0190a0a0-0000-7000-8000-000000000000/', {}],
    ['404 for a path without a route', 'GET', '/api/organizations/:id/nothing/', {}],
    ['405', 'PUT', '/api/organizations/', { body: {} }],
    ['406', 'GET', '/api/organizations/', { headers: { accept: 'text/csv' } }],
    ['413', 'PATCH', '/api/organizations/:id/', { body: { name: 'a'.repeat(1_100_000) } }],
    ['415', 'PATCH', '/api/organizations/:id/', { body: 'name', headers: { 'content-type': 'text/plain' } }],
    ['a preflight', 'OPTIONS', '/api/organizations/', {}],
    ['the page of the API', 'GET', '/api/docs/', {}],
  ])('answers %s as a server of its own does', async (_, method, path, given) => {
    const target = path.replace(':id', organization)
    const options = typeof given === 'function' ? given() : given
    const [inside, outside] = [
      await request(method, target, options),
      await ours.request(method, target, { key, ...options }),
    ]
    const unlike = ({ body, ...rest }: ReturnType<typeof seen>) => ({
      ...rest,
      body: { ...body, updated_at: undefined },
    })
    expect(unlike(seen(inside, await host.getUrl(), PREFIX))).toEqual(unlike(seen(outside, ours.url, '')))
    expect(inside.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
  })

  it('creates and deletes', async () => {
    const made = await request('POST', '/api/organizations/', { body: { name: 'Short-lived' } })
    expect([made.status, made.body.membership_level]).toEqual([201, 15])
    const path = `/api/organizations/${made.body.id}/`
    const deleted = await request('DELETE', path)
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    expect((await ours.request('GET', path, { key })).body.is_pending_deletion).toBe(true)
  })

  it("leaves the application's routes, table, pipe, filter, guard and DataSource alone", async () => {
    const before = guarded
    const own = (method: string, path: string, body?: unknown) => request(method, path, { body }, '')
    expect(await own('POST', '/api/customers', { email: 'not an address' })).toMatchObject({ status: 418 })
    expect(await own('POST', '/api/customers', { email: 'ada@example.com' })).toMatchObject({ status: 201 })
    expect((await own('GET', '/api/customers')).body).toEqual([{ id: 1, email: 'ada@example.com' }])
    expect(await own('GET', '/api/customers/broken')).toMatchObject({ status: 418, body: { teapot: true } })
    expect(await own('GET', '/api/organizations/')).toMatchObject({ status: 418 })
    expect(await request('GET', '/api/customers')).toMatchObject({ status: 418 })
    expect(guarded - before).toBe(4)
    await request('GET', '/api/organizations/')
    expect(guarded - before).toBe(4)
    const tables = (source: DataSource) =>
      source.query(
        `select table_schema, table_name from information_schema.tables where table_name = 'users' order by 1`,
      )
    expect(await tables(host.get(DataSource))).toEqual([
      { table_schema: 'platform', table_name: 'users' },
      { table_schema: 'public', table_name: 'users' },
    ])
    expect(host.get(DataSource).entityMetadatas.map(({ tableName }) => tableName)).toEqual(['users'])
    const named: DataSource = host.get(getDataSourceToken('polity'))
    expect(await named.query('select current_schema() as schema')).toEqual([{ schema: 'platform' }])
  })

  it('gives it its services, and its plugins what they ask of the application', async () => {
    expect((await request('GET', '/api/customers/organizations', {}, '')).body).toEqual({ organizations: true })
    const user = await host.get(UsersService).create(systemActor('test'), {
      email: `${name}@example.com`,
      first_name: 'Ada',
      last_name: '',
    })
    expect(user.email).toBe(`${name}@example.com`)
    expect(host.get(Polity).get(MembersService)).toBe(host.get(MembersService))
    expect((await request('GET', '/api/greetings/')).body).toEqual({ text: 'from the application' })
    await host.get(Polity).check()
  })

  it('stands in its OpenAPI document', () => {
    const builder = new DocumentBuilder().setTitle('Host').addBearerAuth().build()
    const document = host.get(Polity).describeIn(SwaggerModule.createDocument(host, builder))
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/api/customers', '/platform/api/organizations/', '/platform/api/greetings/']),
    )
    expect(document.info.title).toBe('Host')
    const text = JSON.stringify(document)
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
      expect(document.components?.schemas).toHaveProperty([name!])
    expect(Object.keys(document.components!.securitySchemes!)).toEqual(['bearer', 'personal_api_key'])
  })
})

describe('inside of an application', () => {
  const refusals: [string, Partial<PolityOptions>, string][] = [
    [
      'a prefix without its slash',
      { prefix: 'platform' },
      'prefix "platform" is not valid: write it as in "/platform"',
    ],
    ['a prefix that ends with one', { prefix: '/platform/' }, 'prefix "/platform/" is not valid'],
    ['a schema that needs quotes', { schema: 'My Schema' }, 'schema "My Schema" is not valid'],
    ['what is no URL', { databaseUrl: 'somewhere' }, 'DATABASE_URL is not valid'],
    ['a URL that an empty variable gave', { databaseUrl: '' }, 'databaseUrl is missing'],
    ['no key for secrets', { settings: {} }, 'INTEGRATION_ENCRYPTION_KEYS'],
  ]

  it.each(refusals)('refuses %s at the start, in a sentence', async (_, options, sentence) => {
    const databaseUrl = 'postgres://127.0.0.1:1/never'
    await expect(Polity.start({ databaseUrl, settings: settings(), ...options })).rejects.toThrow(sentence)
  })

  it('without a prefix leaves it the paths below /api that are not its own, and ends its connections with it', async () => {
    const database = await emptyTestDatabase(process.env.TEST_DATABASE_URL)
    const plugins = [StoredGreetingsModule]
    const host = await hostOf(new ExpressAdapter(), database.url, { schema: 'elsewhere', plugins })
    const status = async (path: string) => (await fetch((await host.getUrl()) + path)).status
    expect([await status('/api/customers'), await status('/api/organizations/')]).toEqual([200, 401])
    const others = new DataSource({ type: 'postgres', url: database.url })
    await others.initialize()
    // The table of a plugin is in the schema of Polity's own.
    expect(await host.get<DataSource>(getDataSourceToken('polity')).getRepository(StoredGreeting).count()).toBe(0)
    expect(await others.query('select from elsewhere.greetings')).toEqual([])
    const connections = () =>
      others.query<{ pid: number }[]>(
        'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = $1',
        ['client backend'],
      )
    expect(await connections()).not.toEqual([])
    await host.close()
    expect(await eventually(connections, ({ length }) => length === 0)).toEqual([])
    await others.destroy()
    await database.close()
  })

  it('leaves no connection behind when the application cannot serve it', async () => {
    const database = await emptyTestDatabase(process.env.TEST_DATABASE_URL)
    const listening = new FastifyAdapter()
    await listening.getInstance().listen({ port: 0, host: '127.0.0.1' })
    const started = Polity.start({ databaseUrl: database.url, schema: 'platform', settings: settings() }, listening)
    await expect(started).rejects.toThrow('already listening')
    const others = new DataSource({ type: 'postgres', url: database.url })
    await others.initialize()
    const backends = `select pid from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
    await eventually(
      () => others.query<unknown[]>(backends),
      ({ length }) => length === 0,
    )
    await others.destroy()
    await listening.close()
    await database.close()
  })

  it.each(Object.keys(adapters) as (keyof typeof adapters)[])(
    "is not moved by the application's global prefix and versions, on %s",
    async (name) => {
      const database = await emptyTestDatabase(process.env.TEST_DATABASE_URL)
      const host = await hostOf(
        adapters[name](),
        database.url,
        { prefix: '/platform', schema: 'platform' },
        (application) => {
          application.setGlobalPrefix('hosted')
          application.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' })
        },
      )
      const status = async (path: string) => (await fetch((await host.getUrl()) + path)).status
      const paths = ['/hosted/v1/api/customers', '/platform/api/organizations/', '/hosted/platform/api/organizations/']
      expect(await Promise.all(paths.map(status))).toEqual([200, 401, 418])
      await host.close()
      await database.close()
    },
  )
})
