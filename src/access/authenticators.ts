import { Inject, Injectable, type OnModuleInit, type Type } from '@nestjs/common'
import { ModuleRef } from '@nestjs/core'
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../platform/http/error-catalogue.js'
import type { SecuritySchemes } from '../platform/http/openapi.js'
import { StartError } from '../platform/start-error.js'
import { challenge } from './access.errors.js'
import type { Authenticated, Authenticator, CredentialPlace } from './authenticator.js'
import type { Credential } from './caller.js'
import { credentialsInHeader } from './credentials.js'
import { hashKeyValue, isKeyValue } from './key-value.js'
import { RateLimits } from './rate-limits.js'

/** The classes that plugins list as `authenticators`. */
export const AUTHENTICATORS = Symbol('authenticators')

/** A caller that an authenticator recognized. */
export interface RecognizedCaller {
  user: Authenticated['user']
  credential: Credential
}

/** The authenticators of all plugins, in the order of the plugins. */
@Injectable()
export class Authenticators implements OnModuleInit {
  private list: readonly Authenticator[] = []

  constructor(
    private readonly modules: ModuleRef,
    private readonly limits: RateLimits,
    @Inject(AUTHENTICATORS) private readonly classes: readonly Type<Authenticator>[],
  ) {}

  /** @throws {StartError} for an authenticator without a name or a place, and for two of one name */
  onModuleInit(): void {
    this.list = this.classes.map((one) => this.modules.get<Authenticator>(one, { strict: false }))
    const byName = new Map<string, Authenticator>()
    for (const authenticator of this.list) {
      refuseMisfit(authenticator)
      const other = byName.get(authenticator.name)
      if (other)
        throw new StartError(
          `The authenticators ${other.constructor.name} and ${authenticator.constructor.name} are both called "${authenticator.name}": list one of them, or rename one.`,
        )
      byName.set(authenticator.name, authenticator)
    }
  }

  /** Whether a request may be one for authenticators: not where there are none, and not with a personal API key in its header. */
  mayKnow(request: FastifyRequest): boolean {
    return this.list.length > 0 && !isKeyValue(credentialsInHeader(request)?.value ?? '')
  }

  /**
   * Asks each authenticator whose credential the request carries.
   * @returns undefined when none of them knows it
   * @throws {ApiError} what an authenticator throws, and 429 past a limit
   */
  async recognize(request: FastifyRequest): Promise<RecognizedCaller | undefined> {
    for (const authenticator of this.list) {
      const value = credentialAt(authenticator.place, request)
      const found = value && (await this.ask(authenticator, value, request))
      if (found) return found
    }
    return undefined
  }

  /** How each of them is called in the OpenAPI document. */
  get securitySchemes(): SecuritySchemes {
    return Object.fromEntries(
      this.list.map(({ name, place, description }) => [
        name,
        place.in === 'bearer'
          ? { type: 'http', scheme: 'bearer', description }
          : { type: 'apiKey', in: place.in, name: place.name, description },
      ]),
    )
  }

  private async ask(
    authenticator: Authenticator,
    value: string,
    { method, url, headers, ip }: FastifyRequest,
  ): Promise<RecognizedCaller | undefined> {
    // Counted like a key, so that a valid key without our prefix still works from an address that is past its limit.
    const proof = hashKeyValue(value)
    if (!this.limits.wasValid(proof)) this.limits.refuseGuesses(ip)
    const found = await authenticator
      .authenticate(value, { method, url, headers, ip })
      .catch(async (error: unknown) => {
        if (!(error instanceof ApiError) || error.status !== 401) throw error
        await this.limits.countFailure(proof, ip)
        throw new ApiError(401, error.body, { ...challenge, ...error.headers })
      })
    if (!found) return undefined
    const credential = credentialOf(authenticator, found)
    await this.limits.countKey(`${credential.kind}:${credential.id}`, proof)
    return { user: found.user, credential }
  }
}

/** Ids that events can hold. */
const VALID_ID = /^[\x21-\x7e]{1,100}$/

function credentialOf({ name }: Authenticator, { credential }: Authenticated): Credential {
  const { id, scopes, organizations, projects = [], level } = credential
  if (!VALID_ID.test(id))
    throw new Error(`The authenticator ${name} gave a credential.id that is not 1 to 100 printable ASCII characters`)
  return { kind: `extension:${name}`, id, scopes, organizations, projects, level }
}

function credentialAt(place: CredentialPlace, request: FastifyRequest): string | undefined {
  if (place.in === 'bearer') return credentialsInHeader(request)?.value
  if (place.in === 'header') return [request.headers[place.name.toLowerCase()]].flat()[0]
  return cookieOf(request.headers.cookie ?? '', place.name)
}

/** RFC 6265 section 4.2.1. Not decoded: the application that sets it decides on an encoding. */
function cookieOf(header: string, name: string): string | undefined {
  const pair = header.split(';').find((one) => one.trimStart().startsWith(`${name}=`))
  return pair?.slice(pair.indexOf('=') + 1).trim()
}

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

function refuseMisfit({ name, place, constructor }: Authenticator): void {
  if (!/^[a-z0-9][a-z0-9-]{0,49}$/.test(name ?? ''))
    throw new StartError(
      `The authenticator ${constructor.name} has no valid name: name it with lower case letters, digits and hyphens, at most 50.`,
    )
  if (place?.in !== 'bearer' && !TOKEN.test(place?.name ?? ''))
    throw new StartError(
      `The authenticator ${constructor.name} does not say where its credential is: give it a place, as in { in: 'bearer' }, { in: 'header', name: 'x-token' } or { in: 'cookie', name: 'session' }.`,
    )
}
