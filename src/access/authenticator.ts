import type { IncomingHttpHeaders } from 'node:http'
import type { Credential } from './caller.js'

/** Where requests carry the credential of an {@link Authenticator}. */
export type CredentialPlace =
  /** `Authorization: Bearer <credential>` */
  { in: 'bearer' } | { in: 'header' | 'cookie'; name: string }

/** A request as it is known before its body is read. */
export interface RequestHead {
  readonly method: string
  /** The path with its query string. */
  readonly url: string
  readonly headers: Readonly<IncomingHttpHeaders>
  readonly ip: string
}

/** Who calls, and with what. */
export interface Authenticated {
  /** As UsersService finds or makes them. A user who is deactivated is refused. */
  readonly user: { readonly id: number; readonly uuid: string }
  readonly credential: AuthenticatedCredential
}

/** The part of a {@link Credential} that an authenticator knows. */
export interface AuthenticatedCredential extends Pick<Credential, 'scopes' | 'organizations' | 'level'> {
  /**
   * What events name it by and rate limits count: at most 100 printable ASCII characters, the same for all requests with
   * one credential. Never a secret.
   */
  readonly id: string
  /** The projects that it reaches. Default: all. */
  readonly projects?: readonly number[]
}

/**
 * Recognizes callers by a credential that is not a personal API key: a JWT of an identity provider, a session of the
 * application around Polity. What holds for keys holds for its callers as well: scopes, reach, membership, the
 * organization's state, levels, rate limits, the access cache. A plugin lists the class as one of its `authenticators`.
 *
 * A personal API key in the `Authorization` header that begins with `phx_` goes first, and no authenticator is asked. Then
 * each authenticator whose credential the request carries is asked, in the order of the plugins. When none of them knows
 * it, the request goes on as if there were no authenticators.
 * @example
 * ```ts
 * @Injectable()
 * export class JwtAuthenticator extends Authenticator {
 *   readonly name = 'jwt'
 *   readonly place = { in: 'bearer' } as const
 *   constructor(private readonly users: UsersService) { super() }
 *
 *   async authenticate(token: string): Promise<Authenticated | undefined> {
 *     const { email, name, scopes, sid } = await verified(token)
 *     const user = await this.users.findOrCreate(systemActor('jwt'), { email, first_name: name })
 *     return { user, credential: { id: sid, scopes, organizations: [] } }
 *   }
 * }
 * ```
 */
export abstract class Authenticator {
  /** Lower case letters, digits and hyphens, at most 50. The credential's kind is `extension:<name>`. */
  abstract readonly name: string
  /** Where its credential stands. The server asks only when a request has something there. OpenAPI lists it for each route. */
  abstract readonly place: CredentialPlace
  /** What the credential is, in words for readers of the OpenAPI document. */
  readonly description?: string

  /**
   * Says who calls. Runs for every request that has something in {@link place}, before the body is read.
   * @param credential what stands there, never empty
   * @returns undefined for a credential that another authenticator, or Polity itself, may know
   * @throws {ApiError} to refuse the request: `invalidCredentials()`, which counts as a failed attempt of its address as
   * every 401 does, or an error of your own
   */
  abstract authenticate(credential: string, request: RequestHead): Promise<Authenticated | undefined>
}
