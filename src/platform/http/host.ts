import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { Config } from '../config/config.js'
import { invalidHost } from './http.errors.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where the server is reached from outside, where that is known: `https://api.example.com`. */
    publicUrl?: string
    /** What stands before the path of the request where another application serves us: `/platform`, or ''. */
    mountedAt: string
    /** Parameters that hold a credential, which no link may repeat. */
    secretParameters: readonly string[]
  }
}

/**
 * Makes a target such as `http://host/api/` one like any other. Its host counts, and the Host header does not.
 * Source: RFC 9112 section 3.2.2.
 */
export function originForm(request: IncomingMessage): string {
  const target = request.url ?? '/'
  const [, host, path] = /^https?:\/\/([^/?#]*)([/?#].*|)$/i.exec(target) ?? []
  if (host === undefined || path === undefined) return target
  request.headers.host = host
  return path.startsWith('/') ? path : `/${path}`
}

/**
 * Refuses a request whose Host header is missing or names no host, as RFC 9112 section 3.2 asks, and tells the others
 * where the server is reached from outside.
 */
export function registerHost(server: FastifyInstance, config: Config, mountedAt: string): void {
  const { secretParameters } = config
  server.decorateRequest('publicUrl', config.get('PUBLIC_URL'))
  server.decorateRequest('mountedAt', mountedAt)
  server.decorateRequest('secretParameters', { getter: () => secretParameters })
  /** The last valid host. Most requests name the same one, and comparing takes less time than parsing. */
  let known: string | undefined
  server.addHook('onRequest', (request, _reply, done) => {
    if (!namesOneHost(request.raw.rawHeaders)) return done(invalidHost())
    const { host } = request.headers
    if (host === undefined) return done(request.raw.httpVersion === '1.0' ? undefined : invalidHost())
    if (host !== known) {
      if (!isHost(host)) return done(invalidHost())
      known = host
    }
    done()
  })
}

/** Of two Host headers Node keeps the first, but a proxy may have used the second. Names are at even positions. */
function namesOneHost(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (name.length === 4 && name.toLowerCase() === 'host' && ++hosts > 1) return false
  }
  return true
}

/**
 * The request's URL as the caller wrote it, below the public URL of the server where that is known. Forwarded hosts and
 * protocols count from trusted proxies only, and invalid ones are ignored. Parameters with credentials are removed.
 */
export function absoluteUrl(request: FastifyRequest): URL {
  const here = request.publicUrl ?? `${protocolOf(request)}://${hostOf(request)}${request.mountedAt}`
  const url = new URL(here + request.url)
  for (const name of request.secretParameters) url.searchParams.delete(name)
  return url
}

const hostOf = ({ host, headers }: FastifyRequest): string => (isHost(host) ? host : (headers.host ?? 'localhost'))

const protocolOf = ({ protocol, socket }: FastifyRequest): string =>
  /^https?$/.test(protocol) ? protocol : 'encrypted' in socket ? 'https' : 'http'

/** A name or an address, and perhaps a port. */
const isHost = (text: string): boolean =>
  /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i.test(text) && URL.canParse(`http://${text}`)
