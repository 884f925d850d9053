import type { Outbound } from '../../../platform/outbound/outbound.js'
import { OutboundError } from '../../../platform/outbound/outbound.error.js'

/** The part of an AWS SDK request that is sent. */
interface AwsRequest {
  protocol: string
  hostname: string
  port?: number
  path: string
  method: string
  headers: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
}

/** Sends the AWS SDK’s requests through {@link Outbound}, with its limits. */
export class AwsRequestHandler {
  readonly metadata = { handlerProtocol: 'http/1.1' }

  constructor(private readonly outbound: Outbound) {}

  /** @throws {OutboundError} which the SDK retries if the connection broke */
  async handle({ protocol, hostname, port, path, method, headers, body }: AwsRequest) {
    // Our client writes these two itself, with the same values, which are signed.
    const { host: _host, 'content-length': _length, ...rest } = headers
    const url = `${protocol}//${hostname}${port ? `:${port}` : ''}${path}`
    const answer = await this.outbound.fetch(url, { method, headers: rest, body }).catch((error) => {
      if (error instanceof OutboundError && error.outcome === 'unreachable') Object.assign(error, { $retryable: {} })
      throw error
    })
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return { response: { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: bytes } }
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): object {
    return {}
  }
}
