import { Param, type PipeTransform } from '@nestjs/common'
import { ApiParam } from '@nestjs/swagger'
import { isUuid } from '../values/stored-values.js'
import { notFound } from './http.errors.js'

/** Nothing can have an id that is not a UUID. */
const id: PipeTransform<string, string> = {
  transform(value) {
    if (!isUuid(value)) throw notFound()
    return value
  },
}

/**
 * Gives a handler the id in its path, and documents it. Anything that is not a UUID answers 404 and reaches no query.
 * @param name the name of the parameter
 * @param description what it names, such as `The widget’s id.`
 */
export const IdParam =
  (name: string, description: string): ParameterDecorator =>
  (controller, handler, index) => {
    Param(name, id)(controller, handler, index)
    ApiParam({ name, description, schema: { type: 'string', format: 'uuid' } })(
      controller,
      handler!,
      Object.getOwnPropertyDescriptor(controller, handler!)!,
    )
  }
