import { Injectable } from '@nestjs/common'
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'
import { Outbound } from '../../../platform/outbound/outbound.js'
import { OutboundError } from '../../../platform/outbound/outbound.error.js'
import { storedEmail, storedText } from '../../../platform/values/stored-values.js'
import { invalidToken, tokensUnverifiable } from './vercel.errors.js'
import { VercelSetup } from './vercel-setup.js'

export type TokenKind = 'user' | 'system'

const CLOCK_TOLERANCE_SECONDS = 10
const JWKS_MAX_AGE_MS = 600_000
/** How often tokens with an unknown key id may cause the keys to be fetched again. */
const JWKS_COOLDOWN_MS = 30_000

/** Longer than any id or name of Vercel's; nothing that a column refuses. */
const storable = storedText(1_000)
const common = { account_id: z.string(), iat: z.number().optional(), exp: z.number() }

/** The two kinds are told apart by their subject, so that one is never taken for the other. */
const claimsOf = {
  user: z.object({
    ...common,
    sub: z.string().regex(/^account:[0-9a-f]+:user:[0-9a-f]+$/i),
    installation_id: storable,
    user_id: storable,
    user_role: z.enum(['ADMIN', 'USER']),
    // Vercel has signed these, so they only have to fit their columns.
    user_email: storedEmail,
    user_name: storable.nullish(),
  }),
  system: z.object({
    ...common,
    sub: z.string().regex(/^account:[0-9a-f]+$/i),
    installation_id: storable.nullable(),
  }),
}

/** The claims about a person at Vercel. */
export type VercelUser = z.infer<typeof claimsOf.user>

/** The claims of Vercel's tokens. A user's token also has `user_*`. */
export type VercelClaims = z.infer<typeof claimsOf.system> &
  Partial<Pick<VercelUser, 'user_id' | 'user_role' | 'user_email' | 'user_name'>>

/**
 * Checks the OIDC tokens of Vercel's marketplace: RS256, its issuer, our client id as the audience, not expired.
 * Source: vercel.com/docs/integrations/create-integration/marketplace-api#authentication
 */
@Injectable()
export class VercelTokens {
  private remoteKeys?: JWTVerifyGetKey

  constructor(
    private readonly settings: VercelSetup,
    private readonly outbound: Outbound,
  ) {}

  /** @throws {ApiError} 401 for a token that is not valid in any way, 503 while Vercel's keys cannot be had */
  async verify(token: string, kind: 'user'): Promise<VercelUser>
  async verify(token: string, kind: TokenKind): Promise<VercelClaims>
  async verify(token: string, kind: TokenKind): Promise<VercelClaims> {
    try {
      const { payload } = await jwtVerify(token, this.keys(), {
        algorithms: ['RS256'],
        issuer: this.settings.issuer,
        audience: this.settings.clientId,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp', 'sub'],
      })
      const claims = claimsOf[kind].safeParse(payload)
      if (claims.success) return claims.data
    } catch (error) {
      if (keysUnavailable(error)) throw tokensUnverifiable({}, { headers: { 'retry-after': '5' } })
      if (!(error instanceof errors.JOSEError) && !(error instanceof TypeError)) throw error
    }
    throw invalidToken({ kind })
  }

  /** Created with the first token, because jose uses Node's `Headers`, which loads all of fetch: nine megabytes. */
  private keys(): JWTVerifyGetKey {
    return (this.remoteKeys ??= createRemoteJWKSet(this.settings.jwksUrl, {
      cacheMaxAge: JWKS_MAX_AGE_MS,
      cooldownDuration: JWKS_COOLDOWN_MS,
      [customFetch]: this.outbound.fetch,
    }))
  }
}

const keysUnavailable = (error: unknown): boolean =>
  error instanceof OutboundError ||
  error instanceof errors.JWKSTimeout ||
  (error as Error)?.name === 'JWKSInvalid' ||
  /Expected 200 OK|parse the JSON Web Key Set/.test((error as Error)?.message ?? '')
