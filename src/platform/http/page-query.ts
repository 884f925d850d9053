import { applyDecorators } from '@nestjs/common'
import { ApiQuery } from '@nestjs/swagger'

/** Documents what a list understands: pages always, `search` and `ordering` where given. */
export const PageQuery = ({ search, ordering }: { search?: string; ordering?: readonly string[] } = {}) =>
  applyDecorators(
    ApiQuery({
      name: 'limit',
      required: false,
      schema: { type: 'integer', default: 100, maximum: 1000 },
      description: 'Results per page.',
    }),
    ApiQuery({
      name: 'offset',
      required: false,
      schema: { type: 'integer', default: 0 },
      description: 'Index of the first result.',
    }),
    ApiQuery({
      name: 'page',
      required: false,
      schema: { type: 'integer', default: 1, minimum: 1 },
      description: 'Number of the page, from 1, where neither `limit` nor `offset` is given.',
    }),
    ApiQuery({
      name: 'page_size',
      required: false,
      schema: { type: 'integer', default: 100, maximum: 1000 },
      description: 'Results per page, where neither `limit` nor `offset` is given.',
    }),
    ...(search
      ? [
          ApiQuery({
            name: 'search',
            required: false,
            schema: { type: 'string' },
            description: `Only those with this text in ${search}.`,
          }),
        ]
      : []),
    ...(ordering
      ? [
          ApiQuery({
            name: 'ordering',
            required: false,
            // A list with commas.
            explode: false,
            schema: {
              type: 'array',
              items: { type: 'string', enum: ordering.flatMap((field) => [field, `-${field}`]) },
            },
            description: 'Fields by which the results are ordered, the first before the others; `-` turns one round.',
          }),
        ]
      : []),
  )
