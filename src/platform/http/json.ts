import type { FastifyInstance } from 'fastify'

/**
 * A value as complete JSON text, such as PostgreSQL writes it, which is sent unchanged. Parsing it only to write it again
 * would cost more than the rest of a request.
 *
 * It can be sent only once: to keep the value, keep its `text`.
 */
export class Json<Value> {
  private pieces?: readonly string[]

  /** @param parts the text, in pieces: a long one is never put together as a string */
  constructor(parts: readonly string[]) {
    this.pieces = parts
  }

  /** @throws {Error} when it was sent already */
  get parts(): readonly string[] {
    if (!this.pieces) throw new Error('This Json was sent already, and holds nothing any more. Keep its text instead.')
    return this.pieces
  }

  /** @throws {Error} when it was sent already */
  get text(): string {
    return this.parts.join('')
  }

  /** The parsed value, a new one each time. */
  parse(): Value {
    return JSON.parse(this.text) as Value
  }

  /**
   * The bytes to send. Drops the text: the promises that waited for it are old objects by now, and V8 keeps whatever they
   * refer to until the next major collection, which for pages would be a third of all work.
   */
  take(): Buffer {
    const buffer = Buffer.allocUnsafe(this.parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0))
    let end = 0
    for (const part of this.parts) end += buffer.write(part, end)
    this.pieces = undefined
    return buffer
  }
}

/** Lets handlers answer with {@link Json}. */
export function sendJsonAsItStands(server: FastifyInstance): void {
  server.setReplySerializer((payload) =>
    // Fastify sends buffers as well, whatever its type says.
    payload instanceof Json ? (payload.take() as unknown as string) : JSON.stringify(payload),
  )
}
