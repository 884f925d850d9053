import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import { ApiQuery, type ApiQueryOptions } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'
import { orderingOf, searchText } from './list-query.js'
import { pageRequest } from './pagination.js'

/**
 * Gives a handler the page that the request asks for, a `PageRequest`, and documents its parameters.
 * @example list(@PageQuery() page: PageRequest): Promise<Page<WidgetView>>
 */
export const PageQuery = (): ParameterDecorator =>
  query(
    pageRequest,
    {
      name: 'limit',
      required: false,
      schema: { type: 'integer', default: 100, maximum: 1000 },
      description: 'Results per page.',
    },
    {
      name: 'offset',
      required: false,
      schema: { type: 'integer', default: 0 },
      description: 'Index of the first result.',
    },
    {
      name: 'page',
      required: false,
      schema: { type: 'integer', default: 1, minimum: 1 },
      description: 'Number of the page, from 1, where neither `limit` nor `offset` is given.',
    },
    {
      name: 'page_size',
      required: false,
      schema: { type: 'integer', default: 100, maximum: 1000 },
      description: 'Results per page, where neither `limit` nor `offset` is given.',
    },
  )

/**
 * Gives a handler the text to search for, or null, and documents the parameter `search`. One that is too long or holds a
 * NUL answers 400.
 * @param where what is searched, such as `the name or the slug`
 */
export const SearchQuery = (where: string): ParameterDecorator =>
  query((request) => searchText(request.query.search), {
    name: 'search',
    required: false,
    schema: { type: 'string' },
    description: `Only those with this text in ${where}.`,
  })

/**
 * Gives a handler the terms to order by, such as `name` and `-created_at`, and documents the parameter `ordering`.
 * @param fields what a list can be ordered by; anything else is ignored
 * @param fallback the order where none is asked for
 */
export const OrderingQuery = (fields: readonly string[], fallback: string): ParameterDecorator =>
  query((request) => orderingOf(request.query.ordering, fields, fallback), {
    name: 'ordering',
    required: false,
    // A list with commas.
    explode: false,
    schema: { type: 'array', items: { type: 'string', enum: fields.flatMap((field) => [field, `-${field}`]) } },
    description: 'Fields by which the results are ordered, the first before the others; `-` turns one round.',
  })

type ListRequest = FastifyRequest<{ Querystring: Record<string, unknown> }>

/** A parameter that is read from the query and documented. */
function query(read: (request: ListRequest) => unknown, ...parameters: ApiQueryOptions[]): ParameterDecorator {
  const value = createParamDecorator((_: unknown, context: ExecutionContext) =>
    read(context.switchToHttp().getRequest<ListRequest>()),
  )
  return (controller, handler, index) => {
    value()(controller, handler, index)
    const method = Object.getOwnPropertyDescriptor(controller, handler!)!
    for (const parameter of parameters) ApiQuery(parameter)(controller, handler!, method)
  }
}
