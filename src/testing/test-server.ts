import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { randomUUID } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { pino } from 'pino'
import {
  type ApplicationOptions,
  createApplication,
  Database,
  loadConfig,
  type MembershipLevel,
  MembersService,
  type NewKey,
  OrganizationsService,
  PersonalApiKeysService,
  UsersService,
  systemActor,
} from '../index.js'
import { declarationOf } from '../plugin-declaration.js'
import { newTestDatabase, openTestDatabase, type TestDatabase } from './test-database.js'
import { testActor, TestOrganization, TestUser } from './test-people.js'

/** An answer over HTTP. */
export interface Answer {
  status: number
  headers: Headers
  body: any // eslint-disable-line @typescript-eslint/no-explicit-any -- a test asserts what it finds
  text: string
}

/** What a test server runs beside Polity itself. */
export interface TestServerOptions extends Omit<ApplicationOptions, 'logger'> {
  /** Settings that differ from {@link testEnvironment}. */
  environment?: Record<string, string>
  /**
   * Whether the server gets a new database of its own. Servers that share `TEST_DATABASE_URL` also deliver each other’s
   * events. Default: true if a plugin has migrations, which the other servers do not know.
   */
  ownDatabase?: boolean
}

/** The environment of every test server, with limits that no test meets by accident. Of the process’s own variables it has only `TEST_DATABASE_URL`. */
export const testEnvironment = (): Record<string, string | undefined> => ({
  // Tests change the database behind the server’s back, and expect it to notice at once.
  AUTH_CACHE_TTL_MS: '0',
  DATABASE_URL: process.env.TEST_DATABASE_URL,
  INTEGRATION_ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 'test').toString('base64')}`,
  OUTBOUND_PRIVATE_HOSTS: '127.0.0.1',
  PORT: '0',
  RATE_LIMIT_BURST_PER_MINUTE: '1000000',
  RATE_LIMIT_FAILURES_PER_MINUTE: '1000000',
  RATE_LIMIT_SUSTAINED_PER_HOUR: '1000000',
  SHUTDOWN_DRAIN_MS: '0',
})

/**
 * A running server on a real port, and factories that fill every field. It works on the database at `TEST_DATABASE_URL`,
 * where set, and otherwise on an embedded PostgreSQL of its own.
 * @example
 * ```ts
 * const server = await TestServer.start({ plugins: [AcmeModule] })
 * const { owner, path } = await server.organization()
 * const answer = await owner.get(`${path}integrations/`)
 * await server.close()
 * ```
 */
export class TestServer {
  /** The lines of the server’s log, each a JSON object. */
  readonly logLines: string[] = []
  application!: NestFastifyApplication
  /** `http://127.0.0.1:<port>` */
  url!: string
  private opened?: TestDatabase

  /** @throws {StartError} when the server refuses to start with these options */
  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const server = new TestServer()
    await server.start(options)
    return server
  }

  async start({ environment = {}, plugins = [], ...options }: TestServerOptions): Promise<void> {
    const stream = new PassThrough()
    stream.on('data', (chunk: Buffer) => this.logLines.push(chunk.toString()))
    const { ownDatabase = plugins.some((plugin) => declarationOf(plugin)?.migrations) } = options
    const variables = { ...testEnvironment(), ...environment }
    this.opened = await (ownDatabase ? newTestDatabase : openTestDatabase)(variables.DATABASE_URL, plugins)
    try {
      const config = loadConfig({ ...variables, DATABASE_URL: this.opened.url }, { plugins })
      this.application = await createApplication(config, { plugins, logger: pino(stream) })
      await this.application.listen(0, '127.0.0.1')
      this.url = await this.application.getUrl()
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Stops the server, and its PostgreSQL if it has one of its own. Does nothing if nothing was started. */
  async close(): Promise<void> {
    await this.application?.close()
    await this.opened?.close()
  }

  async request(
    method: string,
    path: string,
    { key, body, headers = {} }: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      redirect: 'manual',
    })
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json') && text
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: json ? (JSON.parse(text) as unknown) : null,
    }
  }

  get database(): Database {
    return this.application.get(Database)
  }

  /** A person with a key of every scope. */
  async user(): Promise<TestUser> {
    const email = `${randomUUID()}@example.com`
    const row = await this.application
      .get(UsersService)
      .create(systemActor('test'), { email, first_name: 'Ada', last_name: 'Lovelace' })
    return new TestUser(this, row, await this.key(row.id, {}))
  }

  /** @returns the value of a new key, of every scope unless `key` says otherwise */
  async key(userId: number, key: Partial<NewKey>): Promise<string> {
    const made = await this.application
      .get(PersonalApiKeysService)
      .create(systemActor('test'), { user_id: userId, label: 'test', scopes: ['*'], ...key })
    return made.value!
  }

  /** An organization with a new user as its owner. */
  async organization(name = `Acme ${randomUUID()}`): Promise<TestOrganization> {
    const owner = await this.user()
    const view = await this.application.get(OrganizationsService).create(owner.caller, { name })
    return new TestOrganization(this, view.parse(), owner)
  }

  /** A new user who is a member of an organization. */
  async member(organizationId: string, level: MembershipLevel): Promise<TestUser> {
    const user = await this.user()
    await this.application.get(MembersService).add(testActor(organizationId), user.row.id, level)
    return user
  }
}
