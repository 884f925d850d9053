import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import type { ErrorBody } from '../../src/index.js'
import type { TestServer } from './kit.js'

interface Media {
  schema: { $ref: string }
  example?: unknown
  examples?: Record<string, { value: ErrorBody }>
}

/** A route as `/api/schema/` describes it. */
export interface Operation {
  operationId: string
  method: string
  path: string
  parameters: { name: string; in: string; description?: string }[]
  /** Empty for those that anybody may call. */
  security: object[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string; headers?: object; content?: Record<string, Media> }>
  tags: string[]
  'x-required-scope'?: string
  'x-required-level'?: number
}

/** The API's description, read to be held against what the server does. */
export class ApiDescription {
  private readonly ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })

  private constructor(
    readonly operations: Operation[],
    readonly document: any, // eslint-disable-line @typescript-eslint/no-explicit-any -- a test asserts what it finds
  ) {
    this.ajv.addSchema({ $id: 'api', components: exact(document.components) })
  }

  static async of(server: TestServer): Promise<ApiDescription> {
    const document = (await server.request('GET', '/api/schema/')).body
    const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
    )
    return new ApiDescription(operations, document)
  }

  /** The schema of a media type, also as text. */
  schema({ schema }: Media): { required?: string[]; text: string } {
    const found = this.document.components.schemas[schema.$ref.split('/').at(-1)!]
    return { ...found, text: JSON.stringify(found) }
  }

  /** What is wrong with a body by the schema of its media type; null when nothing is. */
  problems({ schema }: Media, body: unknown): ErrorObject[] | null {
    const validate = this.ajv.compile({ $ref: `api${schema.$ref}` })
    return validate(body) ? null : validate.errors!
  }
}

/** The status and the body with which an operation succeeds. */
export function success({ responses }: Operation): { status: number; media?: Media } {
  const status = Math.max(
    ...Object.keys(responses)
      .map(Number)
      .filter((code) => code < 400),
  )
  return { status, media: responses[status]!.content?.['application/json'] }
}

/** The documented errors, each with its status. */
export const errorsOf = ({ responses }: Operation): { status: number; body: ErrorBody }[] =>
  Object.entries(responses).flatMap(([status, { content }]) =>
    Object.values(content?.['application/json']?.examples ?? {}).map(({ value }) => ({
      status: Number(status),
      body: value,
    })),
  )

/**
 * The keys and types of a value, recursively; of a list its first entry's, and of null whatever `other` has there.
 * What is in a `config` is for its kind of integration to say.
 */
export function shapeOf(value: unknown, other: unknown): unknown {
  if (value === null || other === null) return 'anything'
  if (Array.isArray(value) && Array.isArray(other))
    return value.length > 0 && other.length > 0 ? [shapeOf(value[0], other[0])] : []
  if (typeof value !== 'object') return typeof value
  const others = other as Record<string, unknown> | undefined
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === 'config' ? typeof inner : shapeOf(inner, others?.[key])]),
  )
}

/** The schemas with nothing allowed that they do not name, so that a forgotten field is found too. */
function exact<T>(value: T): T {
  if (Array.isArray(value)) return value.map(exact) as T
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, exact(one)]))
  return (
    'properties' in inner && !('additionalProperties' in inner) ? { ...inner, additionalProperties: false } : inner
  ) as T
}
