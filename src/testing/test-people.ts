import {
  type Caller,
  MembershipLevel,
  type NewKey,
  type OrganizationActor,
  type OrganizationView,
  systemActor,
  type User,
} from '../index.js'
import type { TestServer } from './test-server.js'

/** A person with an API key, calling the server. */
export class TestUser {
  constructor(
    readonly server: TestServer,
    readonly row: User,
    readonly key: string,
  ) {}

  /** The caller to give to a service when a test does not use HTTP. */
  get caller(): Caller {
    return {
      user: { id: this.row.id, uuid: this.row.uuid },
      credential: { kind: 'personal_key', id: 'test', scopes: ['*'], organizations: [], projects: [] },
      origin: { request_id: 'test', ip: null, user_agent: null },
    }
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

/** An organization with its owner. */
export class TestOrganization {
  constructor(
    readonly server: TestServer,
    readonly view: OrganizationView,
    readonly owner: TestUser,
  ) {}

  get id(): string {
    return this.view.id
  }

  /** `/api/organizations/<id>/` */
  get path(): string {
    return `/api/organizations/${this.id}/`
  }

  admin = () => this.server.member(this.id, MembershipLevel.Admin)
  member = () => this.server.member(this.id, MembershipLevel.Member)
  reload = async (): Promise<OrganizationView> => (await this.owner.get(this.path)).body as OrganizationView
}

/** An actor for what no person of the test does. */
export const testActor = (organization_id: string): OrganizationActor => ({ ...systemActor('test'), organization_id })
