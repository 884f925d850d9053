/** As much of a schema as examples are made from. What may be null says so as OpenAPI 3.0 does, or as 3.1. */
interface Schema {
  required?: string[]
  $ref?: string
  allOf?: Schema[]
  anyOf?: Schema[]
  type?: string | string[]
  format?: string
  nullable?: boolean
  enum?: unknown[]
  default?: unknown
  example?: unknown
  items?: Schema
  properties?: Record<string, Schema>
}

/** Values that read as what they are, where a property gives no example of its own. */
const byFormat: Record<string, string> = {
  uuid: '0190aaaa-1111-7000-8000-000000000001',
  'date-time': '2026-05-01T09:00:00.000001Z',
  email: 'ada@example.com',
}

const byType: Record<string, unknown> = { boolean: false, integer: 1, string: '', object: {} }

/** An example of a schema: a property's own example, else its default, else null where it may be, else by its type. */
export function exampleOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  if (schema.example !== undefined) return schema.example
  if (schema.$ref) return exampleOf(schemas[schema.$ref.split('/').at(-1)!]!, schemas)
  const [first] = schema.allOf ?? schema.anyOf ?? []
  if (first) return exampleOf(first, schemas)
  if (schema.properties)
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, exampleOf(property, schemas)]),
    )
  if (schema.items) return [exampleOf(schema.items, schemas)]
  if (schema.default !== undefined) return schema.default
  if (schema.nullable || schema.type?.includes('null')) return null
  return schema.enum?.[0] ?? byFormat[schema.format ?? ''] ?? byType[String(schema.type)]
}

/**
 * The least that a request can send: the required properties, or else the first that has an example of its own. Whoever
 * sends an example as it stands, as the page of the API does, changes nothing else.
 */
export function requestExampleOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  if (schema.$ref) return requestExampleOf(schemas[schema.$ref.split('/').at(-1)!]!, schemas)
  if (!schema.properties || schema.example !== undefined) return exampleOf(schema, schemas)
  const names = Object.keys(schema.properties)
  const required = names.filter((name) => schema.required?.includes(name))
  const shown =
    required.length > 0 ? required : names.filter((name) => schema.properties![name]!.example !== undefined).slice(0, 1)
  return Object.fromEntries(shown.map((name) => [name, exampleOf(schema.properties![name]!, schemas)]))
}
