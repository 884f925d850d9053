import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export const AUDIENCE = 'polity'

type Keys = Awaited<ReturnType<typeof generateKeyPair>>

/** An identity provider that signs JWTs and publishes its key, on a real port. */
export class Issuer {
  private constructor(
    private readonly server: Server,
    private readonly keys: Keys,
  ) {}

  static async start(): Promise<Issuer> {
    const keys = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }
    const server = createServer((_, response) => void response.end(JSON.stringify({ keys: [jwk] })))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Issuer(server, keys)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** A token for an hour, unless `claims` say otherwise. */
  token(claims: JWTPayload, { privateKey }: Pick<Keys, 'privateKey'> = this.keys): Promise<string> {
    const now = Math.floor(Date.now() / 1_000)
    const payload = { iss: this.url, aud: AUDIENCE, jti: randomUUID(), iat: now, exp: now + 3_600, ...claims }
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey)
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}
