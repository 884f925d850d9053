/** As much of a schema as examples are made from. What may be null says so as OpenAPI 3.0 does, or as 3.1. */
interface Schema {
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
