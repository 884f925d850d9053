import { plainToInstance } from 'class-transformer'
import { ValidationTypes } from 'class-validator'
import { type DtoClass, shapeOf } from './dto-shape.js'

type Properties = Record<string, unknown>

/**
 * Names the part of a DTO that nothing would validate, as the end of a sentence; undefined if there is none. Properties without any
 * decorator are seen where the class was compiled for ES2022 or later, which makes them exist in a new instance.
 */
export function misfitOfDto(dto: DtoClass, seen = new Set<DtoClass>()): string | undefined {
  if (seen.has(dto)) return undefined
  seen.add(dto)
  const { fields } = shapeOf(dto)
  if (fields.length === 0) return `no property of ${dto.name} has a validation decorator. ${WAY_OUT}`
  const bare = propertiesOf(dto).find((property) => !fields.includes(property))
  if (bare) return `${dto.name}.${bare} has no validation decorator and would be dropped. ${WAY_OUT}`
  return fields
    .filter((field) => !isReadOnly(dto, field))
    .map((field) => misfitOfField(dto, field, seen))
    .find(Boolean)
}

const WAY_OUT = 'Give each property one, such as @StringField(…) or @IsUUID(), or @Allow() where it may be anything.'

function misfitOfField(dto: DtoClass, field: string, seen: Set<DtoClass>): string | undefined {
  const { constraints, nested } = shapeOf(dto)
  const property = `${dto.name}.${field}`
  const types = new Set(constraints.filter(({ propertyName }) => propertyName === field).map(({ type }) => type))
  if ([...types].every((type) => type === ValidationTypes.CONDITIONAL_VALIDATION))
    return `${property} says only when it is validated, and not what it must be. ${WAY_OUT}`
  const declared: unknown = Reflect.getMetadata('design:type', dto.prototype as object, field)
  if (nested.has(field)) {
    const type = nestedTypeOf(dto, field)
    if (type === undefined) return `${property} is nested and has no type. Add @Type(() => …) of class-transformer.`
    return type ? misfitOfDto(type, seen) : undefined
  }
  const isDto = typeof declared === 'function' && shapeOf(declared as DtoClass).fields.length > 0
  if (!isDto || types.has(ValidationTypes.WHITELIST)) return undefined
  const { name } = declared as DtoClass
  return `${property} is a ${name} that nothing looks into. Use @ObjectField({ type: ${name} }), or @ValidateNested() and @Type(() => ${name}).`
}

/** The class that class-transformer makes of a nested object; null where a transformation decides that by the value. */
function nestedTypeOf(dto: DtoClass, field: string): DtoClass | null | undefined {
  try {
    const made = plainToInstance<Properties, object>(dto as new () => Properties, { [field]: {} })[field]
    if (typeof made !== 'object' || made === null) return null
    return made.constructor === Object ? undefined : (made.constructor as DtoClass)
  } catch {
    return null
  }
}

/** What is known of a class's properties: those that a new instance has, and those that OpenAPI shows and a caller may send. */
function propertiesOf(dto: DtoClass): string[] {
  const documented = (Reflect.getMetadata(DOCUMENTED, dto.prototype as object) ?? []) as string[]
  const names = documented.map((name) => name.slice(1))
  return [...new Set([...ownPropertiesOf(dto), ...names])].filter((name) => !isReadOnly(dto, name))
}

/** Where `@ApiProperty` keeps the names of properties, each after a colon, and its options for each. */
const DOCUMENTED = 'swagger/apiModelPropertiesArray'
const DOCUMENTATION = 'swagger/apiModelProperties'

const isReadOnly = (dto: DtoClass, name: string): boolean =>
  (Reflect.getMetadata(DOCUMENTATION, dto.prototype as object, name) as { readOnly?: boolean } | undefined)
    ?.readOnly === true

function ownPropertiesOf(dto: DtoClass): string[] {
  try {
    const instance = new (dto as new () => Properties)()
    return Object.keys(instance).filter((name) => typeof instance[name] !== 'function')
  } catch {
    return []
  }
}
