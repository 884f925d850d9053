import { Injectable } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import { Database } from '../platform/database/database.js'
import { bodyField } from '../platform/http/body.js'
import { isUuid } from '../platform/values/stored-values.js'
import { AccessCache } from './access-cache.js'
import { accessQuery, type AccessRow, currentOrganization } from './access.queries.js'
import type { AccessRule } from './access-rule.js'
import { invalidKey, notAuthenticated } from './access.errors.js'
import { type Credentials, credentialsInHeader, findCredentials } from './credentials.js'
import { hashKeyValue } from './key-value.js'
import { KeyUsage } from './key-usage.js'
import { RateLimits } from './rate-limits.js'

/** RFC 6750 section 3: how to authenticate, on every 401. */
const challenge = { 'www-authenticate': 'Bearer' }

/** Bytes that may be read for anybody: as many as the headers have. */
const SMALL_BODY = 16_384

/** The organization that a request is about, as far as the request says. */
export interface WantedOrganization {
  /** Whether the route names an organization at all. */
  named: boolean
  current: boolean
  /** A UUID, whether or not anything has it. */
  id?: string
}

/** What a request was let in with, before its body was read. */
interface Admitted {
  access: AccessRow
  /** The organization that was asked for. */
  place: string
}

/** Finds out whose key a request has, and counts it: a valid key against itself, a wrong one against its address. */
@Injectable()
export class Authentication {
  private readonly early = new WeakMap<FastifyRequest, Admitted>()

  constructor(
    private readonly database: Database,
    private readonly cache: AccessCache,
    private readonly usage: KeyUsage,
    private readonly limits: RateLimits,
  ) {}

  /**
   * The same before the body is read, where the header has the key. Of a large body that may have the key in it, only
   * whether its sender is past a limit is known.
   */
  async authenticateEarly(request: FastifyRequest, rule: AccessRule): Promise<void> {
    const credentials = credentialsInHeader(request)
    if (!credentials) {
      if (!(Number(request.headers['content-length']) <= SMALL_BODY)) this.limits.refuseStranger(request.ip)
      return
    }
    const wanted = wantedOrganization(request, rule)
    const access = await this.identify(request, credentials, wanted)
    this.early.set(request, { access, place: placeOf(wanted) })
  }

  /** @throws {ApiError} 401 without a valid key, 429 past a limit */
  async authenticate(request: FastifyRequest, wanted: WantedOrganization): Promise<AccessRow> {
    const early = this.early.get(request)
    if (early?.place === placeOf(wanted)) return early.access
    const credentials = findCredentials(request)
    if (!credentials) {
      await this.limits.countAddress(request.ip)
      throw notAuthenticated({}, { headers: challenge })
    }
    if (!early) return this.identify(request, credentials, wanted)
    // The body says which organization is meant.
    const access = await this.find(hashKeyValue(credentials.value), wanted)
    if (!access) throw invalidKey({ place: credentials.place }, { headers: challenge })
    return access
  }

  private async identify(
    { ip }: FastifyRequest,
    { value, place }: Credentials,
    wanted: WantedOrganization,
  ): Promise<AccessRow> {
    const hash = hashKeyValue(value)
    const isCounted = this.limits.wasValid(hash)
    if (isCounted) await this.limits.countKey(hash)
    else this.limits.refuseGuesses(ip)
    const access = await this.find(hash, wanted)
    if (!access) {
      await this.limits.countFailure(hash, ip)
      throw invalidKey({ place }, { headers: challenge })
    }
    if (!isCounted) await this.limits.countKey(hash)
    this.usage.note(access.key_id, access.last_used_at)
    return access
  }

  private async currentOrganization(hash: string): Promise<string | null | undefined> {
    const [row] = await this.database.query(currentOrganization, [hash])
    return row?.organization_id
  }

  private find(hash: string, wanted: WantedOrganization): Promise<AccessRow | undefined> {
    return this.cache.remember(hash, placeOf(wanted), async () => {
      const id = wanted.current ? await this.currentOrganization(hash) : wanted.id
      const [row] = await this.database.query(accessQuery, [hash, id ?? null])
      return row
    })
  }
}

const placeOf = ({ current, id }: WantedOrganization): string => (current ? '@current' : (id ?? ''))

/** Reads where the rule says. */
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
