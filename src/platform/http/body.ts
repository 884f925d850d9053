import { RouteConfig } from '@nestjs/platform-fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ApiError } from './error-catalogue.js'
import {
  expectationFailed,
  malformedJson,
  tooManyFormFields,
  unsupportedEncoding,
  unsupportedMediaType,
} from './http.errors.js'

/** A body that could not be read. It is refused where a route first needs it, after the caller was checked. */
class UnreadableBody {
  constructor(readonly reason: ApiError) {}
}

/** Reads JSON and form bodies as Django REST framework does; anything else is kept as an {@link UnreadableBody}. */
export function registerBodyParsers(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  // Fastify itself refuses a malformed media type, with a message of its own.
  server.addHook('onRequest', async ({ method, headers }) => {
    const mediaType = headers['content-type']
    if (mediaType !== undefined && method !== 'GET' && !/^\s*[^\s/;]+\/[^\s/;]+\s*(;|$)/.test(mediaType))
      throw unsupportedMediaType({ mediaType: mediaType.slice(0, 100) })
  })
  const read = (type: string, reader: (body: Buffer, request: FastifyRequest) => unknown) =>
    server.addContentTypeParser(type, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
      if (body.length === 0) return undefined
      const encoding = request.headers['content-encoding'] ?? 'identity'
      if (/^identity$/i.test(encoding)) return reader(body, request)
      return new UnreadableBody(unsupportedEncoding({ encoding: encoding.slice(0, 100) }, { headers: noEncoding }))
    })
  read('application/json', readJson)
  read('application/x-www-form-urlencoded', readForm)
  read('*', (body, request) => {
    if (takesJsonAsText(request)) return readJson(body)
    return new UnreadableBody(
      unsupportedMediaType({ mediaType: (request.headers['content-type'] ?? '').slice(0, 100) }),
    )
  })
}

/** Which encodings are understood: none. Source: RFC 9110 section 12.5.3. */
const noEncoding = { 'accept-encoding': 'identity' }

/**
 * A client that asks before it sends a body, as curl does above a megabyte, is not told to send one that would be refused.
 * Other expectations fail. Source: RFC 9110 section 10.1.1, `Expect`.
 */
export function answerExpect(server: FastifyInstance, maxBytes: number): void {
  server.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const refused = !expectsToContinue(request) || Number(request.headers['content-length']) > maxBytes
    if (!refused) response.writeContinue()
    server.server.emit('request', request, response)
  })
  // Node would refuse these itself, without a body.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response))
  server.addHook('onRequest', ({ raw }, _reply, done) =>
    done(raw.headers.expect === undefined || expectsToContinue(raw) ? undefined : expectationFailed()),
  )
}

const expectsToContinue = ({ headers }: IncomingMessage): boolean => /^100-continue$/i.test(headers.expect ?? '')

/** Reads `text/plain` bodies of a route as JSON, for clients that send JSON under that type. */
export const JsonAsText = () => RouteConfig({ jsonAsText: true })

const takesJsonAsText = (request: FastifyRequest): boolean =>
  (request.routeOptions.config as { jsonAsText?: boolean }).jsonAsText === true &&
  /^text\/plain\s*(;|$)/i.test(request.headers['content-type'] ?? '')

/** A field of a body that was not validated yet and may be anything. */
export const bodyField = (body: unknown, name: string): unknown =>
  typeof body === 'object' && body !== null && !Array.isArray(body) && Object.hasOwn(body, name)
    ? (body as Record<string, unknown>)[name]
    : undefined

/** The body itself. @throws {ApiError} when it could not be read */
export function readable(body: unknown): unknown {
  if (body instanceof UnreadableBody) throw body.reason
  return body
}

/** Django's limit (DATA_UPLOAD_MAX_NUMBER_FIELDS). No form of ours has ten fields, and each costs more than its bytes. */
const MAX_FORM_FIELDS = 1_000

function readForm(body: Buffer): unknown {
  const [plus, space, ampersand] = [...Buffer.from('+ &')]
  let fields = 1
  for (let index = 0; index < body.length; index++) {
    // Here, because Node puts the text together again at each plus, which for a megabyte of them is 120 ms.
    if (body[index] === plus) body[index] = space!
    else if (body[index] === ampersand && ++fields > MAX_FORM_FIELDS) return new UnreadableBody(tooManyFormFields())
  }
  return Object.fromEntries(new URLSearchParams(body.toString()))
}

function readJson(body: Buffer): unknown {
  if (isTooDeep(body)) return new UnreadableBody(tooDeep())
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    return new UnreadableBody(malformedJson({ where: whereJsonBroke(error as Error, body) }))
  }
}

/** Deeper than any body that a route takes, and shallow enough for recursive code. */
export const MAX_DEPTH = 100

export const tooDeep = (): ApiError => malformedJson({ where: `Nested more than ${MAX_DEPTH} levels deep` })

function isTooDeep(body: Buffer): boolean {
  const [quote, backslash, brace, bracket, braceEnd, bracketEnd] = [...Buffer.from('"\\{[}]')]
  let depth = 0
  let inString = false
  for (let index = 0; index < body.length; index++) {
    const byte = body[index]
    if (inString) {
      if (byte === backslash) index++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === brace || byte === bracket) {
      if (++depth > MAX_DEPTH) return true
    } else if (byte === braceEnd || byte === bracketEnd) depth--
  }
  return false
}

/** Says where, never what: the text at fault may be a secret. */
function whereJsonBroke(error: Error, body: Buffer): string {
  if (!(error instanceof SyntaxError)) return "'utf-8' codec can't decode the body"
  const text = body.toString('utf8')
  const position = Number(
    /position (\d+)/.exec(error.message)?.[1] ?? (/end of JSON/.test(error.message) ? text.length : NaN),
  )
  if (Number.isNaN(position)) return 'Expecting value'
  const before = text.slice(0, position).split('\n')
  return `Expecting value: line ${before.length} column ${before.at(-1)!.length + 1} (char ${position})`
}
