import type { ArgumentMetadata } from '@nestjs/common'
import { readable } from './body.js'
import { fieldError, fieldErrors } from './validation.errors.js'

/**
 * Reads a body by a schema, such as one of zod, where no class is needed: `@Body({ schema }) payload: z.infer<typeof schema>`.
 * @throws {ApiError} 400 with the first field that the schema refuses
 */
export async function toPayload(schema: NonNullable<ArgumentMetadata['schema']>, body: unknown): Promise<unknown> {
  const value = readable(body) ?? {}
  // What PostgreSQL's jsonb cannot hold.
  if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i.test(JSON.stringify(value))) throw fieldErrors.nullCharacters()
  const result = await schema['~standard'].validate(value)
  if (!result.issues) return result.value
  const { path = [], message } = result.issues[0]!
  const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment))
  const attr = keys.map(String).join('__') || undefined
  const found = keys.reduce((at: unknown, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], value)
  if (found === undefined) throw fieldError(attr, { constraint: 'required' })
  throw fieldError(attr, { constraint: 'payload', values: { problem: message } })
}
