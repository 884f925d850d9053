import { Injectable } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { Database } from '../platform/database/database.js'
import { bodyField } from '../platform/http/body.js'
import { isUuid } from '../platform/values/stored-values.js'
import { AccessCache } from './access-cache.js'
import {
  accessQuery,
  type AccessRow,
  currentOrganization,
  currentOrganizationOfUser,
  type Standing,
  standingQuery,
} from './access.queries.js'
import type { AccessRule } from './access-rule.js'
import { challenge, invalidCredentials, invalidKey, notAuthenticated } from './access.errors.js'
import { Authenticators, type RecognizedCaller } from './authenticators.js'
import type { Credential } from './caller.js'
import { type Credentials, credentialsInHeader, findCredentials } from './credentials.js'
import { hashKeyValue } from './key-value.js'
import { KeyUsage } from './key-usage.js'
import { RateLimits } from './rate-limits.js'

/** How many bytes of a body are read before the caller is known: as many as headers may have. */
const SMALL_BODY = 16_384

/** What a request says about its organization. */
export interface WantedOrganization {
  /** Whether the route names an organization at all. */
  named: boolean
  current: boolean
  /** A UUID, which may not exist. */
  id?: string
}

/** A request's credential, and its user's membership. */
export interface Access {
  standing: Standing
  credential: Credential
}

/** What is known of a request before its body is read. */
interface Admitted {
  access: Access
  /** The organization that was asked for. */
  place: string
  /** Asks for another organization, without counting again. */
  elsewhere(wanted: WantedOrganization): Promise<Access>
}

/**
 * Finds out whose key, or other credential, a request has, and counts it: a valid one against itself, a wrong one against
 * its address.
 */
@Injectable()
export class Authentication {
  private readonly early = new WeakMap<FastifyRequest, Admitted>()

  constructor(
    private readonly database: Database,
    private readonly cache: AccessCache,
    private readonly usage: KeyUsage,
    private readonly limits: RateLimits,
    private readonly authenticators: Authenticators,
  ) {}

  /**
   * The same before the body is read, where the header has the key. If the key may be in a large body, only the limit of
   * its address is checked.
   */
  async authenticateEarly(request: FastifyRequest, rule: AccessRule): Promise<void> {
    const wanted = wantedOrganization(request, rule)
    const admit = (access: Access, elsewhere: Admitted['elsewhere']) =>
      void this.early.set(request, { access, place: placeOf(wanted), elsewhere })
    const caller = this.authenticators.mayKnow(request) && (await this.authenticators.recognize(request))
    if (caller) return admit(await this.enter(caller, wanted), (other) => this.enter(caller, other))
    const credentials = credentialsInHeader(request)
    if (!credentials) {
      if (!(Number(request.headers['content-length']) <= SMALL_BODY)) this.limits.refuseStranger(request.ip)
      return
    }
    admit(await this.identify(request, credentials, wanted), (other) => this.find(credentials, other))
  }

  /** @throws {ApiError} 401 without a valid key or other credential, 429 past a limit */
  async authenticate(request: FastifyRequest, wanted: WantedOrganization): Promise<Access> {
    const early = this.early.get(request)
    // The body may name another organization.
    if (early) return early.place === placeOf(wanted) ? early.access : early.elsewhere(wanted)
    const caller = this.authenticators.mayKnow(request) && (await this.authenticators.recognize(request))
    if (caller) return this.enter(caller, wanted)
    const credentials = findCredentials(request)
    if (!credentials) {
      await this.limits.countAddress(request.ip)
      throw notAuthenticated({}, { headers: challenge })
    }
    return this.identify(request, credentials, wanted)
  }

  private async identify(
    { ip }: FastifyRequest,
    { value, place }: Credentials,
    wanted: WantedOrganization,
  ): Promise<Access> {
    const hash = hashKeyValue(value)
    const isCounted = this.limits.wasValid(hash)
    if (isCounted) await this.limits.countKey(hash)
    else this.limits.refuseGuesses(ip)
    const access = await this.rowOf(hash, wanted)
    if (!access) {
      await this.limits.countFailure(hash, ip)
      throw invalidKey({ place }, { headers: challenge })
    }
    if (!isCounted) await this.limits.countKey(hash)
    this.usage.note(access.key_id, access.last_used_at)
    return accessOf(access)
  }

  private async find({ value, place }: Credentials, wanted: WantedOrganization): Promise<Access> {
    const row = await this.rowOf(hashKeyValue(value), wanted)
    if (!row) throw invalidKey({ place }, { headers: challenge })
    return accessOf(row)
  }

  private rowOf(hash: string, wanted: WantedOrganization): Promise<AccessRow | undefined> {
    return this.cache.remember(hash, placeOf(wanted), async () => {
      const id = wanted.current ? await this.current(currentOrganization, hash) : wanted.id
      const [row] = await this.database.query(accessQuery, [hash, id ?? null])
      return row
    })
  }

  private async enter({ user, credential }: RecognizedCaller, wanted: WantedOrganization): Promise<Access> {
    const standing = await this.cache.remember(`user:${user.id}`, placeOf(wanted), async () => {
      const id = wanted.current ? await this.current(currentOrganizationOfUser, user.id) : wanted.id
      const [row] = await this.database.query(standingQuery, [user.id, id ?? null])
      return row
    })
    if (!standing) throw invalidCredentials({}, { headers: challenge })
    return { standing, credential }
  }

  private async current(query: typeof currentOrganization, of: string | number): Promise<string | null | undefined> {
    const [row] = await this.database.query(query, [of])
    return row?.organization_id
  }
}

const EVERYTHING = ['*']

const accessOf = (row: AccessRow): Access => ({
  standing: row,
  credential: {
    kind: 'personal_key',
    id: row.key_id,
    // A legacy key from an import.
    scopes: row.scopes.length === 0 ? EVERYTHING : row.scopes,
    organizations: row.scoped_organizations,
    projects: row.scoped_teams,
  },
})

const placeOf = ({ current, id }: WantedOrganization): string => (current ? '@current' : (id ?? ''))

/** Reads the organization from where the rule says. */
export function wantedOrganization(request: FastifyRequest, rule: AccessRule): WantedOrganization {
  if (rule.kind !== 'scope' || rule.organization.in === 'nowhere') return { named: false, current: false }
  const text =
    rule.organization.in === 'body'
      ? bodyField(request.body, rule.organization.field)
      : (request.params as Record<string, unknown>)[rule.organization.parameter]
  if (text === '@current') return { named: true, current: true }
  const id = typeof text === 'string' && isUuid(text) ? text.toLowerCase() : undefined
  return { named: true, current: false, id }
}
