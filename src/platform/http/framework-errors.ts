import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Socket } from 'node:net'
import type { ErrorBodies } from './error-bodies.js'
import { ApiError } from './error-catalogue.js'
import { malformedRequest, notFound, requestHeadersTooLarge, requestTimedOut } from './http.errors.js'

const LINGER_MS = 1_000

/**
 * What Fastify and Node refuse before a route, and so before the error filter, is reached: in the one shape all the same.
 * @param bodies of the application, which is built after its HTTP server
 */
export const frameworkErrors = (
  bodies: () => ErrorBodies,
): Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'> => ({
  // A path that cannot be decoded, or with an endless id in it, names nothing that exists.
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
    // Who goes on sending hears the answer before the connection breaks, and cannot keep it.
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
