import type { OpenAPIObject } from '@nestjs/swagger'
import {
  serverError,
  throttled,
  bodyTooLarge,
  malformedJson,
  notFound,
  unavailable,
  unsupportedMediaType,
  notAcceptable,
} from './http.errors.js'
import type { ErrorDefinition } from './error-catalogue.js'
import { fieldErrors } from './validation.errors.js'

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  'x-required-scope'?: string
  'x-required-level'?: number
}
type Schema = Record<string, unknown>

export const errorBodySchema = {
  type: 'object',
  required: ['type', 'code', 'detail', 'attr'],
  properties: {
    type: {
      type: 'string',
      enum: ['authentication_error', 'invalid_request', 'validation_error', 'throttled_error', 'server_error'],
    },
    code: { type: 'string', description: 'Stable, for programs.' },
    detail: { type: 'string', description: 'For people: what is wrong and what to do.' },
    attr: { type: 'string', nullable: true, description: 'The field at fault; nested names joined with `__`.' },
  },
}

const methods = ['get', 'put', 'post', 'delete', 'patch'] as const

const signInErrors: ErrorDefinition[] = [
  {
    status: 401,
    type: 'authentication_error',
    code: 'not_authenticated',
    detail: 'Authentication credentials were not provided.',
  },
]

/** Adds to each operation the errors that every route of its kind can answer with, and makes the schemas OpenAPI 3.1. */
export function finishDocument(document: OpenAPIObject): OpenAPIObject {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method] as Operation | undefined
      if (operation) Object.assign(operation.responses, errorResponses(path, operation))
    }
  }
  // Schemes without an end slash are what the page of PostHog writes; clients send it. Both answer.
  document.paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, item]) => [path.replace(/\/?$/, '/'), item]),
  )
  return inVersion31(document) as OpenAPIObject
}

function errorResponses(path: string, operation: Operation) {
  const guarded = Boolean(operation.security?.length)
  const scope = operation['x-required-scope']
  const errors: ErrorDefinition[] = [
    ...(operation.requestBody
      ? [
          fieldErrors.required.definition,
          malformedJson.definition,
          bodyTooLarge.definition,
          unsupportedMediaType.definition,
        ]
      : []),
    ...(guarded ? signInErrors : []),
    ...(scope
      ? [
          {
            status: 403,
            type: 'authentication_error' as const,
            code: 'permission_denied',
            detail: `API key missing required scope '${scope}'`,
          },
        ]
      : []),
    ...(path.includes('{') ? [notFound.definition] : []),
    notAcceptable.definition,
    throttled.definition,
    serverError.definition,
    unavailable.definition,
  ]
  return Object.fromEntries(
    errors.map(({ status, type, code, detail, attr }) => [
      String(status),
      {
        description: detail,
        content: {
          'application/json': {
            schema: { $ref: '#/components/schemas/Error' },
            example: { type, code, detail: detail.replace('{seconds}', '12'), attr: attr ?? null },
          },
        },
      },
    ]),
  )
}

/** OpenAPI 3.1 is JSON Schema 2020-12, which says `type: [x, 'null']` where 3.0 said `nullable`. */
function inVersion31(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inVersion31)
  if (typeof value !== 'object' || value === null) return value
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, inVersion31(inner)]),
  ) as Schema
  if (nullable !== true) return nullable === undefined ? rest : { ...rest, nullable }
  if (typeof rest.type === 'string' && !rest.allOf) {
    return { ...rest, type: [rest.type, 'null'], ...(Array.isArray(rest.enum) ? { enum: [...rest.enum, null] } : {}) }
  }
  const { type: _type, allOf, ...others } = rest
  return { ...others, oneOf: [...((allOf as unknown[]) ?? [rest]), { type: 'null' }] }
}
