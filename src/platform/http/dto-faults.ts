import { getMetadataStorage, type ValidationError } from 'class-validator'
import { pythonType } from '../values/python-type.js'
import { constraintError, rankOf } from './constraint-words.js'
import { constraintName, type DtoClass, type DtoShape, shapeOf } from './dto-shape.js'
import type { ApiError } from './error-catalogue.js'
import { fieldError } from './validation.errors.js'

type Instance = Record<string, unknown>

/**
 * The first error of a DTO in field order, where class-validator found some. Without any, what it does not look for: a null
 * that `PartialType` let through, and a list where one object is expected or the other way round.
 * @param path what stands before the names of the fields, such as `address__`
 */
export function firstFault(instance: object, errors: readonly ValidationError[], path = ''): ApiError | undefined {
  const shape = shapeOf(instance.constructor as DtoClass)
  for (const field of shape.fields) {
    const value = (instance as Instance)[field]
    const attr = path + field
    const error = errors.find(({ property }) => property === field)
    if (value === null && shape.notNull.has(field)) return fieldError(attr, { constraint: 'null' })
    if (error?.constraints) return fieldFault(attr, error, shape)
    const fault = shape.nested.has(field) && nestedFault(attr, value, error, listOrNot(instance, field))
    if (fault) return fault
  }
  // What stands at no field, such as a nested value of no known class.
  return errors.length > 0 ? leafFault(path, errors[0]!) : undefined
}

/** Whether a property was declared as a list, as TypeScript tells at run time; undefined where it does not. */
function listOrNot(instance: object, field: string): boolean | undefined {
  const declared: unknown = Reflect.getMetadata('design:type', instance, field)
  return declared === undefined || declared === Object ? undefined : declared === Array
}

function nestedFault(attr: string, value: unknown, error?: ValidationError, isList?: boolean): ApiError | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const children = error?.children ?? []
  if (!Array.isArray(value)) {
    if (isList) return fieldError(attr, { constraint: 'notAList', values: { type: pythonType(value) } })
    return value instanceof Set || value instanceof Map ? undefined : firstFault(value, children, `${attr}__`)
  }
  if (isList === false) return fieldError(attr, { constraint: 'notAnObject', values: { type: 'list' } })
  for (const [index, item] of value.entries()) {
    const at = `${attr}__${index}`
    if (pythonType(item) !== 'dict') return constraintError(at, nestedConstraint(item))
    const fault = nestedFault(
      at,
      item,
      children.find(({ property }) => property === String(index)),
      false,
    )
    if (fault) return fault
  }
  return undefined
}

const nestedConstraint = (value: unknown) => ({
  name: 'nestedValidation',
  value,
  limits: [],
  message: '',
  isOwnMessage: false,
})

/** The error of a field that fails constraints: of a list the first item at fault, of several constraints the first in rank. */
function fieldFault(attr: string, { property, value, constraints = {} }: ValidationError, shape: DtoShape): ApiError {
  const declared = shape.constraints
    .filter(({ propertyName }) => propertyName === property)
    // Decorators run from the last to the first: the one that was written first wins.
    .toReversed()
  const failures = Object.entries(constraints).map(([name, message]) => {
    const order = declared.findIndex((constraint) => constraintName(constraint) === name)
    const constraint = declared[order]
    const limits = constraint?.constraints ?? []
    const failed = { name, value: value as unknown, message, limits, isOwnMessage: ownMessage(constraint) }
    if (!constraint?.each || value instanceof Set || value instanceof Map) return { index: -1, order, failed }
    if (!Array.isArray(value)) return { index: -1, order, failed: { ...failed, name: 'isArray', isOwnMessage: false } }
    const index = failedItem(constraint, value)
    return { index, order, failed: index < 0 ? failed : { ...failed, value: value[index] as unknown } }
  })
  const [first] = failures.sort(
    (one, other) =>
      one.index - other.index || rankOf(one.failed.name) - rankOf(other.failed.name) || one.order - other.order,
  )
  return constraintError(first!.index < 0 ? attr : `${attr}__${first!.index}`, first!.failed)
}

type Declared = DtoShape['constraints'][number]

/** `@ValidateNested` always has a message, which is not the author's own. */
const ownMessage = (constraint?: Declared): boolean => Boolean(constraint?.message && constraint.constraintCls)

/** Which item of a list fails a constraint that each of them has to hold; -1 where it does not say so at once. */
function failedItem(constraint: Declared, values: readonly unknown[]): number {
  const [checked] = getMetadataStorage().getTargetValidatorConstraints(constraint.constraintCls)
  const { propertyName: property, constraints } = constraint
  return values.findIndex(
    (value) =>
      checked?.instance.validate(value, { value, constraints, property, object: {}, targetName: '' }) === false,
  )
}

/** The first error of whatever stands below, in the words of class-validator. */
function leafFault(path: string, { property, value, constraints, children }: ValidationError): ApiError {
  const [child] = children ?? []
  if (!constraints && child) return leafFault(`${path}${property}__`, child)
  const [[name, message] = ['', '']] = Object.entries(constraints ?? {})
  const attr = property === undefined ? path.replace(/__$/, '') : path + property
  return constraintError(attr, { name, value, limits: [], message, isOwnMessage: false })
}
