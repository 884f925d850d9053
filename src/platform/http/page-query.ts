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
            schema: { type: 'string', enum: orderings(ordering) },
            description: 'Order of the results; `-` turns it round.',
          }),
        ]
      : []),
  )

/** The values of `ordering` that the fields allow. */
export const orderings = (fields: readonly string[]): string[] => fields.flatMap((field) => [field, `-${field}`])
