import type { OpenAPIObject } from '@nestjs/swagger'
import { STATUS_CODES } from 'node:http'
import { type DocumentedError, takeErrors } from './api-errors.js'
import { takeResources } from './api-resource.js'
import {
  bodyTooLarge,
  malformedJson,
  methodNotAllowed,
  notAcceptable,
  serverError,
  throttled,
  unavailable,
  unsupportedMediaType,
} from './http.errors.js'
import { exampleOf, requestExampleOf } from './openapi-examples.js'
import { fieldErrors } from './validation.errors.js'

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>
type Content = Record<string, { schema: Record<string, unknown>; example?: unknown }>

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
    attr: { type: ['string', 'null'], description: 'The field at fault; nested names joined with `__`.' },
  },
}

const methods = ['get', 'put', 'post', 'delete', 'patch'] as const

/**
 * Adds to each operation its examples and the errors of every route of its kind, and the parameters that its handler leaves to the guard.
 * @param credentials names of the security schemes that routes ask for
 * @param alternatives names of those that open a route as well
 */
export function finishDocument(
  document: OpenAPIObject,
  credentials: readonly string[],
  alternatives: readonly string[],
): OpenAPIObject {
  const schemas = document.components!.schemas as Record<string, object>
  document.components!.headers = { 'X-Request-Id': requestIdHeader }
  document.tags = takeResources(
    Object.values(document.paths).flatMap((item) => methods.flatMap((method) => item[method] ?? [])),
  )
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method]
      if (!operation) continue
      for (const media of contentOf(operation.requestBody)) media.example = requestExampleOf(media.schema, schemas)
      for (const response of Object.values(operation.responses))
        for (const media of contentOf(response)) media.example = exampleOf(media.schema, schemas)
      operation.parameters = parametersOf(path, operation)
      operation.security ??= []
      if (operation.security.some((wanted) => credentials.some((name) => name in wanted)))
        operation.security.push(...alternatives.map((name) => ({ [name]: [] })))
      const wrongMethod = methodNotAllowed({ method: item.post ? 'PUT' : 'POST' })
      Object.assign(operation.responses, errorResponses([...errorsOf(path, operation), wrongMethod]))
      for (const response of Object.values(operation.responses) as { headers?: object }[])
        response.headers = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' }, ...response.headers }
    }
  }
  // Documented with an end slash, as clients send it. Paths without one answer as well.
  document.paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, item]) => [path.replace(/\/?$/, '/'), item]),
  )
  return document
}

const contentOf = (part: unknown): { schema: Record<string, unknown>; example?: unknown }[] =>
  Object.values((part as { content?: Content } | undefined)?.content ?? {})

const requestIdHeader = {
  schema: { type: 'string' as const },
  description: 'Names the request in the log: the caller’s own `X-Request-Id`, or one that the server made.',
}

/** The parameters of the path in its order, those that the handler leaves to the guard among them, and then the others. */
function parametersOf(path: string, { parameters = [] }: Operation): NonNullable<Operation['parameters']> {
  const declared = parameters as { name: string; in: string }[]
  const ofPath = [...path.matchAll(/\{(\w+)\}/g)].map(
    ([, name]) =>
      declared.find((parameter) => parameter.in === 'path' && parameter.name === name) ?? {
        name: name!,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      },
  )
  return [...ofPath, ...declared.filter((parameter) => parameter.in !== 'path')] as NonNullable<Operation['parameters']>
}

function errorsOf(path: string, operation: Operation): DocumentedError[] {
  return [
    // A route without a parameter names nothing that could be missing.
    ...takeErrors(operation).filter(({ status }) => status !== 404 || path.includes('{')),
    ...(operation.requestBody
      ? [
          fieldErrors.notAnObject({ type: 'list' }),
          malformedJson({ where: 'Expecting value: line 1 column 2 (char 1)' }),
          bodyTooLarge(),
          unsupportedMediaType({ mediaType: 'text/plain' }),
        ]
      : []),
    notAcceptable(),
    throttled({ seconds: 12 }),
    serverError(),
    unavailable(),
  ]
}

/** The errors by status, each an example that is named by its code. */
function errorResponses(errors: DocumentedError[]) {
  const statuses = [...new Set(errors.map(({ status }) => status))]
  return Object.fromEntries(
    statuses.map((status) => {
      const bodies = errors.filter((error) => error.status === status).map(({ body }) => body)
      const examples = bodies.map((body, index): [string, object] => {
        const before = bodies.slice(0, index).filter(({ code }) => code === body.code).length
        return [before === 0 ? body.code : `${body.code}_${before + 1}`, { summary: body.detail, value: body }]
      })
      const headers = headersOf[status]
      return [
        String(status),
        {
          description: STATUS_CODES[status],
          ...(headers ? { headers } : {}),
          content: {
            'application/json': {
              schema: { $ref: '#/components/schemas/Error' },
              examples: Object.fromEntries(examples),
            },
          },
        },
      ]
    }),
  )
}

const retryAfter = { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds until it is worth a try.' } }
const headersOf: Record<number, object> = {
  405: { Allow: { schema: { type: 'string' }, description: 'The methods that the path has.' } },
  401: { 'WWW-Authenticate': { schema: { type: 'string' }, description: 'How to authenticate: `Bearer`.' } },
  429: retryAfter,
  503: retryAfter,
}
