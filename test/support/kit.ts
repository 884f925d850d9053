import { afterAll, beforeAll, expect } from '@jest/globals'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { randomUUID } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { pino } from 'pino'
import {
  type AppModuleOptions,
  type Caller,
  createApplication,
  Database,
  loadConfig,
  MembershipLevel,
  MembersService,
  OrganizationsService,
  type OrganizationView,
  PersonalApiKeysService,
  type NewKey,
  type User,
  UsersDirectory,
} from '../../src/index.js'

/** An answer over HTTP. */
export interface Answer {
  status: number
  headers: Headers
  body: any // eslint-disable-line @typescript-eslint/no-explicit-any -- a test asserts what it finds
  text: string
}

export type Options = AppModuleOptions & { environment?: Record<string, string> }

/** The environment of every test server: the database of the run, and limits that no test meets by accident. */
export const testEnvironment = (): Record<string, string | undefined> => ({
  DATABASE_URL: process.env.TEST_DATABASE_URL,
  INTEGRATION_ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 'test').toString('base64')}`,
  OUTBOUND_PRIVATE_HOSTS: '127.0.0.1',
  PORT: '0',
  RATE_LIMIT_BURST_PER_MINUTE: '1000000',
  RATE_LIMIT_SUSTAINED_PER_HOUR: '1000000',
})

/** A running server on a real port, and factories that fill every field. */
export class TestServer {
  readonly logLines: string[] = []
  application!: NestFastifyApplication
  url!: string

  async start({ environment = {}, ...options }: Options): Promise<void> {
    const stream = new PassThrough()
    stream.on('data', (chunk: Buffer) => this.logLines.push(chunk.toString()))
    const config = loadConfig({ ...testEnvironment(), ...environment })
    this.application = await createApplication(config, { logger: pino(stream), ...options })
    await this.application.listen(0, '127.0.0.1')
    this.url = await this.application.getUrl()
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
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : null }
  }

  get database(): Database {
    return this.application.get(Database)
  }

  /** A person with a key of every scope. */
  async user(): Promise<TestUser> {
    const email = `${randomUUID()}@example.com`
    const row = await this.application.get(UsersDirectory).create({ email, first_name: 'Ada', last_name: 'Lovelace' })
    return new TestUser(this, row, await this.key(row.id, {}))
  }

  async key(userId: number, key: Partial<NewKey>): Promise<string> {
    const made = await this.application
      .get(PersonalApiKeysService)
      .create({ user_id: userId, label: 'test', scopes: ['*'], ...key })
    return made.value!
  }

  /** An organization with a new user as its owner. */
  async organization(name = `Acme ${randomUUID()}`): Promise<TestOrganization> {
    const owner = await this.user()
    const view = await this.application.get(OrganizationsService).create(owner.caller, { name })
    return new TestOrganization(this, view, owner)
  }

  async member(organizationId: string, level: MembershipLevel): Promise<TestUser> {
    const user = await this.user()
    await this.database.transaction((tx) =>
      this.application.get(MembersService).add(tx, organizationId, user.row.id, level),
    )
    return user
  }
}

export class TestUser {
  constructor(
    readonly server: TestServer,
    readonly row: User,
    readonly key: string,
  ) {}

  get caller(): Caller {
    const key = { id: 'test', scopes: ['*'], scoped_teams: [], scoped_organizations: [] }
    return { user_id: this.row.id, user_uuid: this.row.uuid, key, request_id: 'test' }
  }

  get = (path: string) => this.server.request('GET', path, { key: this.key })
  delete = (path: string) => this.server.request('DELETE', path, { key: this.key })
  post = (path: string, body: unknown = {}) => this.server.request('POST', path, { key: this.key, body })
  put = (path: string, body: unknown) => this.server.request('PUT', path, { key: this.key, body })
  patch = (path: string, body: unknown) => this.server.request('PATCH', path, { key: this.key, body })

  /** The same person with another key. */
  async with(key: Partial<NewKey>): Promise<TestUser> {
    return new TestUser(this.server, this.row, await this.server.key(this.row.id, key))
  }
}

export class TestOrganization {
  constructor(
    readonly server: TestServer,
    readonly view: OrganizationView,
    readonly owner: TestUser,
  ) {}

  get id(): string {
    return this.view.id
  }
  get path(): string {
    return `/api/organizations/${this.id}/`
  }
  admin = () => this.server.member(this.id, MembershipLevel.Admin)
  member = () => this.server.member(this.id, MembershipLevel.Member)
  reload = async (): Promise<OrganizationView> => (await this.owner.get(this.path)).body
}

/** Starts a server for a test file and ends it after. */
export function useServer(options: Options = {}): TestServer {
  const server = new TestServer()
  beforeAll(() => server.start(options))
  afterAll(() => server.application?.close())
  return server
}

/** Asserts PostHog's error body, whole. */
export function expectError(
  answer: Answer,
  status: number,
  code: string,
  detail: string,
  attr: string | null = null,
): void {
  const type =
    status === 400 && code !== 'parse_error'
      ? 'validation_error'
      : status === 401 || status === 403
        ? 'authentication_error'
        : status === 429
          ? 'throttled_error'
          : status >= 500
            ? 'server_error'
            : 'invalid_request'
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: { type, code, detail, attr } })
  expect(Object.keys(answer.body)).toEqual(['type', 'code', 'detail', 'attr'])
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
}

export { MembershipLevel }
