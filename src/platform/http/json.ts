import type { FastifyInstance } from 'fastify'

/**
 * A value as JSON text that is whole already, such as PostgreSQL made it: it is sent as it stands. What would be parsed
 * only to be written again costs more than the rest of a request.
 */
export class Json<Value> {
  /** @param parts the text, in pieces: a long one is never put together as a string */
  constructor(readonly parts: readonly string[]) {}

  get text(): string {
    return this.parts.join('')
  }

  /** The value, for those who look into it. A new one each time. */
  parse(): Value {
    return JSON.parse(this.text) as Value
  }

  toBuffer(): Buffer {
    const buffer = Buffer.allocUnsafe(this.parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0))
    let end = 0
    for (const part of this.parts) end += buffer.write(part, end)
    return buffer
  }
}

/** Lets handlers answer with {@link Json}. */
export function sendJsonAsItStands(server: FastifyInstance): void {
  server.setReplySerializer((payload) =>
    // Fastify sends buffers as well, whatever its type says.
    payload instanceof Json ? (payload.toBuffer() as unknown as string) : JSON.stringify(payload),
  )
}
