import type { FastifyInstance } from 'fastify'

/**
 * A value as JSON text that is whole already, such as PostgreSQL made it: it is sent as it stands. What would be parsed
 * only to be written again costs more than the rest of a request.
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

  /** The value, for those who look into it. A new one each time. */
  parse(): Value {
    return JSON.parse(this.text) as Value
  }

  /**
   * The bytes to send. The text is let go: the promises that waited for it have grown old by now, and to V8 whatever an
   * old object refers to is in use until the next collection of old ones, which for pages is a third of all work.
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
