import { Injectable, type OnApplicationShutdown } from '@nestjs/common'
import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  BrokenCircuitError,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  retry,
  wrap,
} from 'cockatiel'
import { Counter, Registry } from 'prom-client'
import { Config } from '../config/config.js'
import { OutboundError, PrivateAddress } from './outbound.error.js'
import type { Transport } from './transport.js'

const MAX_RETRIES = 2
const MAX_ANSWER_BYTES = 1_048_576
const BREAK_AFTER_FAILURES = 5
const BREAK_FOR_MS = 15_000
/** Headers that tell a stranger nothing. */
const HARMLESS = new Set(['accept', 'accept-encoding', 'accept-language', 'user-agent'])
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])

/** An answer such as 503, thrown so that the retry and breaker policies count it. */
class TroubledAnswer extends Error {
  constructor(readonly response: Response) {
    super()
  }
}

/** The caller's own signal ended the call. */
class Abandoned extends Error {
  constructor(override readonly cause: Error) {
    super()
  }
}

/** What we refuse ourselves does not count as a failure of the other side. */
const isTheirFailure = (error: Error): boolean =>
  !(error instanceof OutboundError && error.outcome === 'refused_address') && !(error instanceof Abandoned)

/** Whether a retry may succeed: not with an open circuit, nor after an answer that is too large. */
const mayPass = (error: Error): boolean =>
  isTheirFailure(error) &&
  !(error instanceof BrokenCircuitError) &&
  !(error instanceof OutboundError && error.outcome === 'too_large')

/**
 * The only way in which Polity calls other systems: public addresses only, limits of time and size, retries with jitter
 * of calls that may be repeated, and a circuit breaker for each origin.
 */
@Injectable()
export class Outbound implements OnApplicationShutdown {
  private readonly privateHosts: readonly string[]
  private transport?: Promise<Transport>
  /** The time for one attempt, from the connection to the last byte. */
  private readonly timeoutMs: number
  private readonly breakers = new Map<string, CircuitBreakerPolicy>()
  private readonly calls: Counter
  private readonly retries = retry(handleWhen(mayPass), {
    maxAttempts: MAX_RETRIES,
    backoff: new ExponentialBackoff({ initialDelay: 200, maxDelay: 5_000 }),
  })

  constructor(config: Config, registry: Registry) {
    this.privateHosts = config.get('OUTBOUND_PRIVATE_HOSTS')
    this.timeoutMs = config.get('OUTBOUND_TIMEOUT_MS')
    this.calls = new Counter({
      name: 'outbound_requests_total',
      help: 'Calls to other systems, retries counted as one, by host and by status or what went wrong.',
      labelNames: ['host', 'outcome'],
      registers: [registry],
    })
  }

  /**
   * Works as WHATWG `fetch`, so SDKs can use it. The whole body has been read when it returns. POST and PATCH are tried
   * once.
   * @throws {OutboundError} without an answer; any status is an answer
   */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = requestOf(input, init)
    const { origin, host } = new URL(request.url)
    const body = request.body ? Buffer.from(await request.arrayBuffer()) : undefined
    const breaker = this.breakerOf(origin)
    const policy: IPolicy = IDEMPOTENT.has(request.method) ? wrap(this.retries, breaker) : breaker
    const [response, outcome] = await policy
      .execute(() => this.attempt(request, host, body))
      .then(
        (answer) => [answer, String(answer.status)] as const,
        (error: Error) => {
          if (error instanceof TroubledAnswer) return [error.response, String(error.response.status)] as const
          const failure =
            error instanceof BrokenCircuitError ? circuitOpen(host) : error instanceof Abandoned ? error.cause : error
          this.calls.inc({ host, outcome: failure instanceof OutboundError ? failure.outcome : 'aborted' })
          throw failure
        },
      )
    this.calls.inc({ host, outcome })
    return response
  }

  async onApplicationShutdown(): Promise<void> {
    await (await this.transport)?.close()
  }

  private async attempt(request: Request, host: string, body: Buffer | undefined): Promise<Response> {
    // Before the timeout begins: loading takes our time and not theirs.
    const { fetch } = await this.open()
    const timeout = AbortSignal.timeout(this.timeoutMs)
    try {
      const answer = await fetch(request.url, {
        method: request.method,
        headers: [...request.headers],
        body,
        // Follow a redirect only with requests that carry nothing.
        redirect: body || [...request.headers.keys()].some((name) => !HARMLESS.has(name)) ? 'error' : 'follow',
        signal: AbortSignal.any([request.signal, timeout]),
      })
      const response = new Response(await wholeBody(answer.body, host, answer.status), {
        status: answer.status,
        headers: [...answer.headers],
      })
      if (answer.status >= 500 || answer.status === 429) throw new TroubledAnswer(response)
      return response
    } catch (error) {
      if (error instanceof TroubledAnswer || error instanceof OutboundError) throw error
      if (request.signal.aborted) throw new Abandoned(request.signal.reason as Error)
      if (timeout.aborted)
        throw new OutboundError(host, 'timeout', `did not answer within ${this.timeoutMs / 1_000} seconds`)
      const cause = rootCause(error as Error)
      if (cause instanceof PrivateAddress)
        throw new OutboundError(
          host,
          'refused_address',
          'is at a private address, which OUTBOUND_PRIVATE_HOSTS forbids',
        )
      const reason = (cause as NodeJS.ErrnoException).code ?? 'the connection broke'
      throw new OutboundError(host, 'unreachable', `cannot be reached (${reason})`)
    }
  }

  /** Loads the transport with the first call: many servers never make one. */
  private open(): Promise<Transport> {
    return (this.transport ??= import('./transport.js').then(({ openTransport }) => openTransport(this.privateHosts)))
  }

  private breakerOf(origin: string): CircuitBreakerPolicy {
    let breaker = this.breakers.get(origin)
    if (!breaker) {
      breaker = circuitBreaker(handleWhen(isTheirFailure), {
        halfOpenAfter: BREAK_FOR_MS,
        breaker: new ConsecutiveBreaker(BREAK_AFTER_FAILURES),
      })
      this.breakers.set(origin, breaker)
    }
    return breaker
  }
}

/** Node’s own error would repeat the URL, which may hold a secret. */
function requestOf(input: string | URL | Request, init?: RequestInit): Request {
  try {
    return new Request(input, init)
  } catch {
    throw new TypeError('The URL to call is not valid, or it contains credentials.')
  }
}

/** Counts decompressed bytes, because a small answer may unpack to a large one. */
async function wholeBody(
  stream: AsyncIterable<Uint8Array> | null,
  host: string,
  status: number,
): Promise<Buffer<ArrayBuffer> | null> {
  if (!stream || status === 204 || status === 304) return null
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.byteLength
    if (size > MAX_ANSWER_BYTES) throw new OutboundError(host, 'too_large', 'answered more than 1 MiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const circuitOpen = (host: string) =>
  new OutboundError(host, 'circuit_open', 'failed repeatedly and is not called for a few seconds')

function rootCause(error: Error): Error {
  return error.cause instanceof Error ? rootCause(error.cause) : error
}
