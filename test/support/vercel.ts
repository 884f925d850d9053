import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export const CLIENT_ID = 'oac_polity_test'
export const CLIENT_SECRET = 'planted-client-secret'

type Key = Awaited<ReturnType<typeof generateKeyPair>>

interface Call {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: any // eslint-disable-line @typescript-eslint/no-explicit-any -- a test asserts what it finds
}

/** Vercel as far as Polity sees it: an issuer with rotating keys, the token endpoints and the API, on a real port. */
export class FakeVercel {
  readonly calls: Call[] = []
  readonly codes = new Map<string, { idToken?: string; grant?: object }>()
  /** Answers instead of the ordinary one, while set. */
  trouble?: (request: IncomingMessage, response: ServerResponse) => void
  /** The same for the keys. */
  jwksTrouble?: FakeVercel['trouble']
  url!: string
  jwksFetches = 0
  private keys: { id: string; pair: Key }[] = []
  private server!: Server

  async start(): Promise<this> {
    await this.rotateKeys()
    this.server = createServer((request, response) => void this.answer(request, response))
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
    return this
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }

  /** The environment of a server whose Vercel this is. */
  get environment(): Record<string, string> {
    return {
      VERCEL_CLIENT_ID: CLIENT_ID,
      VERCEL_CLIENT_SECRET: CLIENT_SECRET,
      VERCEL_ISSUER: this.url,
      VERCEL_API_URL: this.url,
      VERCEL_PLANS: JSON.stringify([
        { id: 'usage', type: 'subscription', name: 'Usage', description: 'Pay for what you use.' },
        { id: 'team', type: 'subscription', name: 'Team', description: 'For teams.' },
      ]),
      PUBLIC_URL: 'https://api.polity.test',
      APP_URL: 'https://app.polity.test',
      OUTBOUND_TIMEOUT_MS: '500',
    }
  }

  async rotateKeys(): Promise<void> {
    this.keys = [{ id: `key-${Math.random()}`, pair: await generateKeyPair('RS256', { extractable: true }) }]
  }

  get publicKey() {
    return this.keys[0]!.pair.publicKey
  }

  /** A token of an admin, unless `claims` and `header` say otherwise; undefined leaves a claim out. */
  async token(claims: JWTPayload, signing: { kid?: string } = {}): Promise<string> {
    const payload = {
      iss: this.url,
      aud: CLIENT_ID,
      account_id: 'acc_1',
      jti: randomUUID(),
      iat: Math.floor(Date.now() / 1_000),
      exp: Math.floor(Date.now() / 1_000) + 300,
      ...claims,
    }
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'RS256', kid: signing.kid ?? this.keys[0]!.id })
      .sign(this.keys[0]!.pair.privateKey)
  }

  userToken(installation_id: string, claims: JWTPayload = {}): Promise<string> {
    return this.token({
      sub: 'account:0a1b:user:2c3d',
      installation_id,
      user_id: `user_${installation_id}`,
      user_role: 'ADMIN',
      ...claims,
    })
  }

  systemToken(installation_id: string, claims: JWTPayload = {}): Promise<string> {
    return this.token({ sub: 'account:0a1b', installation_id, ...claims })
  }

  callsTo(pattern: RegExp): Call[] {
    return this.calls.filter(({ method, path }) => pattern.test(`${method} ${path}`))
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const form = request.headers['content-type']?.includes('form')
    const body = form ? Object.fromEntries(new URLSearchParams(text)) : text ? JSON.parse(text) : undefined
    const path = request.url!.split('?')[0]!
    this.calls.push({ method: request.method!, path, headers: request.headers, body })
    if (path === '/.well-known/jwks') {
      this.jwksFetches++
      if (this.jwksTrouble) return this.jwksTrouble(request, response)
      const keys = this.keys.map(async ({ id, pair }) => ({
        ...(await exportJWK(pair.publicKey)),
        kid: id,
        alg: 'RS256',
        use: 'sig',
      }))
      return json(response, 200, { keys: await Promise.all(keys) })
    }
    if (this.trouble) return this.trouble(request, response)
    if (path === '/v1/integrations/sso/token') {
      const found = this.codes.get(body.code)
      this.codes.delete(body.code)
      if (!found?.idToken || body.client_secret !== CLIENT_SECRET)
        return json(response, 400, { error: 'invalid_grant' })
      return json(response, 200, { id_token: found.idToken, access_token: null, token_type: null })
    }
    if (path === '/v2/oauth/access_token') {
      const found = this.codes.get(body.code)
      this.codes.delete(body.code)
      if (!found?.grant || body.client_secret !== CLIENT_SECRET) return json(response, 400, { error: 'invalid_grant' })
      return json(response, 200, found.grant)
    }
    if (/\/resources\/[^/]+$/.test(path)) return json(response, 200, { name: body?.name ?? 'x' })
    if (/\/account$/.test(path)) return json(response, 200, { url: 'https://vercel.com/acme', contact: null })
    response.writeHead(/\/(events|billing\/balance|secrets)$/.test(path) ? 201 : 204).end()
  }
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz0123456789'

/** An installation id of Vercel's: `icfg_` and 24 letters or digits. */
export const installationId = (): string =>
  'icfg_' + Array.from({ length: 24 }, () => letters[Math.floor(Math.random() * letters.length)]).join('')
