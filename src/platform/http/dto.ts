import {
  type ArgumentMetadata,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  type PipeTransform,
} from '@nestjs/common'
import { plainToInstance } from 'class-transformer'
import { validate, type ValidatorOptions } from 'class-validator'
import { pythonType } from '../values/python-type.js'
import { bodyField, MAX_DEPTH, readable, tooDeep } from './body.js'
import { tooManyObjects } from './http.errors.js'
import { firstFault } from './dto-faults.js'
import { type DtoShape, shapeOf } from './dto-shape.js'
import { givenGroup } from './field.js'
import { toPayload } from './payload.js'
import { fieldError } from './validation.errors.js'

type Dto<T extends object = object> = new () => T

/**
 * Turns a body, a query or path parameters into the DTO that the handler declares, and refuses what its decorators refuse:
 * the first error in field order. Unknown fields are dropped without a word, as PostHog does.
 */
@Injectable()
export class DtoPipe implements PipeTransform {
  /** @param instead DTOs to validate as instead of those that handlers declare: subclasses with fields of plugins */
  constructor(private readonly instead: ReadonlyMap<unknown, Dto> = new Map()) {}

  async transform(value: unknown, { type, metatype, data, schema }: ArgumentMetadata): Promise<unknown> {
    if (type === 'custom') return value
    if (schema) return toPayload(schema, value)
    const dto = this.instead.get(metatype) ?? metatype
    if (isDto(dto)) return toDto(dto, value, data === undefined ? '' : `${data}__`)
    return type === 'body' ? readable(value) : value
  }
}

const isDto = (type: unknown): type is Dto => typeof type === 'function' && shapeOf(type as Dto).fields.length > 0

/**
 * Gives the handler a function that validates the body, for routes that check something else first.
 * @example `map(@LateBody(EnvironmentMapping) mapping: () => Promise<EnvironmentMapping>)`
 */
export const LateBody = createParamDecorator(lateBody)

/** What {@link LateBody} hands to the handler; the parameters that have it are known by it. */
export function lateBody(dto: Dto, context: ExecutionContext): () => Promise<object> {
  return () => toDto(dto, context.switchToHttp().getRequest<{ body: unknown }>().body)
}

/**
 * Validates a body as a DTO.
 * @param path what stands before the names of fields in errors, such as `address__`
 * @throws {ApiError} with the first error in field order
 */
export async function toDto<T extends object>(dto: Dto<T>, body: unknown, path = ''): Promise<T> {
  const value = readable(body)
  const type = pythonType(value)
  if (value !== undefined && type !== 'dict')
    throw fieldError(path.replace(/__$/, '') || undefined, { constraint: 'notAnObject', values: { type } })
  const shape = shapeOf(dto)
  const given = shape.fields.filter((field) => bodyField(value, field) !== undefined)
  const plain = Object.fromEntries(
    given.map((field) => [field, shortened(bodyField(value, field), shape.maxItems.get(field))]),
  )
  let objects = 0
  for (const field of given) {
    const inField = harmlessObjects(plain[field], path + field)
    if (shape.nested.has(field)) objects += inField
  }
  if (objects > MAX_OBJECTS) throw tooManyObjects()
  const instance = plainToInstance(dto, plain)
  const errors = await validate(instance, optionsFor(shape, given))
  const fault = firstFault(instance, errors, path)
  if (fault) throw fault
  dropAbsent(instance)
  return instance
}

/** Where nothing is nested, unknown fields are gone already; elsewhere class-validator drops them at every level. */
const optionsFor = ({ isGivenOnly }: DtoShape, given: readonly string[]): ValidatorOptions =>
  isGivenOnly ? { groups: given.map(givenGroup) } : { whitelist: true }

/** Nested objects of one body. Each costs about 30 µs, and a body of a megabyte could hold 300,000. */
const MAX_OBJECTS = 1_000

/** A list that is too long needs one item too many to be refused, and no more. */
const shortened = (value: unknown, maxItems = Infinity): unknown =>
  Array.isArray(value) && value.length > maxItems ? value.slice(0, maxItems + 1) : value

/**
 * How many objects stand in a value.
 * @throws {ApiError} for one with keys that class-transformer would stumble over, or that is too deep for it
 */
function harmlessObjects(value: unknown, attr: string, depth = 1): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth > MAX_DEPTH) throw tooDeep()
  let objects = Array.isArray(value) ? 0 : 1
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || key === 'constructor')
      throw fieldError(attr, { constraint: 'forbiddenKey', values: { key } })
    const inner = (value as Record<string, unknown>)[key]
    if (typeof inner === 'object') objects += harmlessObjects(inner, `${attr}__${key}`, depth + 1)
  }
  return objects
}

/** Declared fields of a class exist, as undefined. Fields that were not given are left out of the DTO, so that services can spread it. */
function dropAbsent(instance: object): void {
  const { fields, nested } = shapeOf(instance.constructor as Dto)
  for (const field of fields) {
    const value = (instance as Record<string, unknown>)[field]
    if (value === undefined) delete (instance as Record<string, unknown>)[field]
    else if (nested.has(field))
      for (const item of [value].flat()) if (typeof item === 'object' && item !== null) dropAbsent(item)
  }
}
