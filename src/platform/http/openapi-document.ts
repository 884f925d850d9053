import type { OpenAPIObject } from '@nestjs/swagger'
import { STATUS_CODES } from 'node:http'
import { type DocumentedError, takeErrors } from './api-errors.js'
import {
  bodyTooLarge,
  malformedJson,
  notAcceptable,
  serverError,
  throttled,
  unavailable,
  unsupportedMediaType,
} from './http.errors.js'
import { exampleOf } from './openapi-examples.js'
import { notAnObject } from './validation.errors.js'

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

/** Adds to each operation its examples and the errors of every route of its kind, and the parameters that its handler leaves to the guard. */
export function finishDocument(document: OpenAPIObject): OpenAPIObject {
  const schemas = document.components!.schemas as Record<string, object>
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const operation = item[method]
      if (!operation) continue
      for (const part of [operation.requestBody, ...Object.values(operation.responses)]) {
        const content = Object.values((part as { content?: Content } | undefined)?.content ?? {})
        for (const media of content) media.example = exampleOf(media.schema, schemas)
      }
      operation.parameters = [...undeclared(path, operation), ...(operation.parameters ?? [])]
      Object.assign(operation.responses, errorResponses(errorsOf(path, operation)))
    }
  }
  // Schemes without an end slash are what the page of PostHog writes; clients send it. Both answer.
  document.paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, item]) => [path.replace(/\/?$/, '/'), item]),
  )
  return document
}

/** The parameters of a path that its handler does not ask for, because the guard has read them. */
function undeclared(path: string, { parameters = [] }: Operation) {
  const declared = parameters.map((parameter) => (parameter as { name?: string }).name)
  return [...path.matchAll(/\{(\w+)\}/g)]
    .map(([, name]) => name!)
    .filter((name) => !declared.includes(name))
    .map((name) => ({ name, in: 'path' as const, required: true, schema: { type: 'string' as const } }))
}

function errorsOf(path: string, operation: Operation): DocumentedError[] {
  return [
    // A route without a parameter names nothing that could be missing.
    ...takeErrors(operation).filter(({ status }) => status !== 404 || path.includes('{')),
    ...(operation.requestBody
      ? [
          notAnObject({ type: 'list' }),
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
      const examples = bodies.map((body, index) => {
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
  401: { 'WWW-Authenticate': { schema: { type: 'string' }, description: 'How to authenticate: `Bearer`.' } },
  429: retryAfter,
  503: retryAfter,
}
