import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import type { Socket } from 'node:net'
import { ApiError } from './error-catalogue.js'
import { malformedRequest, notFound, requestHeadersTooLarge, requestTimedOut } from './http.errors.js'

/** What Fastify and Node refuse before a route, and so before the error filter, is reached: in the one shape all the same. */
export const frameworkErrors: Pick<FastifyServerOptions, 'frameworkErrors' | 'clientErrorHandler'> = {
  // A path that cannot be decoded, or with an endless id in it, names nothing that exists.
  frameworkErrors: (_error, request: FastifyRequest, reply: FastifyReply) => {
    const { status, body } = notFound()
    void reply
      .status(status)
      .header('x-request-id', request.id)
      .header('content-type', 'application/json')
      .send(JSON.stringify(body))
  },
  clientErrorHandler: (error, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    socket.end(asHttp(clientError(error.code)))
  },
}

function clientError(code: string): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') return requestHeadersTooLarge()
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimedOut()
  return malformedRequest()
}

/** There is no response object to write to: the request was never one. */
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
