import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Socket } from 'node:net'
import type { ErrorBodies } from './error-bodies.js'
import { ApiError } from './error-catalogue.js'
import { malformedRequest, notFound, requestHeadersTooLarge, requestTimedOut } from './http.errors.js'

const LINGER_MS = 1_000

/**
 * Errors of Fastify and Node before a route, and so the error filter, is reached: they get the same shape as all others.
 * @param bodies of the application, which is built after its HTTP server
 */
export const frameworkErrors = (
  bodies: () => ErrorBodies,
): Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'> => ({
  // A path that cannot be decoded, or with an id that is too long, matches nothing.
  frameworkErrors: (_error, request: FastifyRequest, reply: FastifyReply) => {
    const error = notFound()
    void reply
      .status(error.status)
      .header('x-request-id', request.id)
      .header('content-type', 'application/json')
      .send(JSON.stringify(bodies().of(error, request.url)))
  },
  clientErrorHandler: (error, socket: Socket) => {
    const answered = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage?.headersSent
    if (error.code === 'ECONNRESET' || !socket.writable || answered) return void socket.destroy()
    socket.end(asHttp(clientError(error.code)))
    // A client that is still sending gets the answer first, and then the connection is closed.
    const late = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(late))
  },
})

function clientError(code: string): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') return requestHeadersTooLarge()
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimedOut()
  return malformedRequest()
}

/** The request could not be parsed, so there is no response object to write to. */
function asHttp({ status, body }: ApiError): string {
  const content = JSON.stringify(body)
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(content)}`,
    'Connection: close',
    '',
    content,
  ].join('\r\n')
}
