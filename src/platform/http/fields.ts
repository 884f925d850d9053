import { applyDecorators } from '@nestjs/common'
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger'
import { Transform } from 'class-transformer'
import { registerDecorator, type ValidationArguments } from 'class-validator'
import { cutText, isUuid, textProblem } from '../values/stored-values.js'
import { fieldErrors, type FieldConstraint } from './validation.errors.js'

/** What a check found: nothing, or the constraint that failed with the values of its sentence. */
export type Finding = { constraint: FieldConstraint; values?: Record<string, string | number> } | undefined

interface FieldRule {
  required?: boolean
  nullable?: boolean
  /** Turns what Django REST framework would accept into the type; what it cannot turn stays, for `check` to refuse. */
  coerce: (value: unknown) => unknown
  check: (value: unknown) => Finding
  property: ApiPropertyOptions
}

const declaredFields = new WeakMap<object, string[]>()

/** The fields of a DTO in the order of declaration, its own before inherited ones: the order in which errors win. */
export function fieldsOf(type: { prototype: object }): string[] {
  const fields: string[] = []
  for (
    let prototype = type.prototype;
    prototype && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    fields.push(...(declaredFields.get(prototype) ?? []))
  }
  return fields
}

function Field({ required = false, nullable = false, coerce, check, property }: FieldRule): PropertyDecorator {
  const find = (value: unknown): Finding => {
    if (value === undefined) return required ? { constraint: 'required' } : undefined
    if (value === null) return nullable ? undefined : { constraint: 'null' }
    return check(value)
  }
  const remember: PropertyDecorator = (target, name) => {
    declaredFields.set(target, [...(declaredFields.get(target) ?? []), String(name)])
  }
  const validate: PropertyDecorator = (target, name) =>
    registerDecorator({
      name: 'field',
      target: target.constructor,
      propertyName: String(name),
      options: required ? { always: true } : { groups: [String(name)] },
      validator: {
        validate: (value: unknown) => find(value) === undefined,
        // class-validator carries strings only; the pipe reads the finding back.
        defaultMessage: (given?: ValidationArguments) => JSON.stringify(find(given?.value)),
      },
    })
  return applyDecorators(
    remember,
    validate,
    Transform(({ value }) => (value === undefined || value === null ? value : coerce(value))) as PropertyDecorator,
    // The nullable type is spelled out, because OpenAPI 3.1 has no `nullable`.
    ApiProperty({ required, ...(nullable ? { nullable: true } : {}), ...property } as ApiPropertyOptions),
  )
}

interface FieldOptions {
  required?: boolean
  nullable?: boolean
  description?: string
  example?: unknown
}

/** A string, trimmed; numbers become strings, as long as they are still what was sent. `maxLength` counts characters, not UTF-16 units. */
export const StringField = ({ maxLength, required, nullable, ...property }: FieldOptions & { maxLength: number }) =>
  Field({
    required,
    nullable,
    coerce: (value) => (typeof value === 'string' ? value.trim() : keepsDigits(value) ? String(value) : value),
    check: (value) => checkString(value, maxLength),
    property: { type: 'string', minLength: 1, maxLength, ...property },
  })

/** Django REST framework's words for true, false and, where null is allowed, null. */
const booleanWords = new Map<unknown, boolean>([
  ...['true', 't', 'yes', 'y', 'on', '1', 1].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0', 0].map((word) => [word, false] as const),
])

export const BooleanField = ({ required, nullable, ...property }: FieldOptions) =>
  Field({
    required,
    nullable,
    coerce: (value) => {
      const word = typeof value === 'string' ? value.trim().toLowerCase() : value
      if (nullable && (word === '' || word === 'null')) return null
      return booleanWords.get(word) ?? value
    },
    check: (value) => (typeof value === 'boolean' ? undefined : { constraint: 'boolean' }),
    property: { type: 'boolean', ...property },
  })

/** A 32-bit integer, the width of the ids it stands for; `"12"` is 12. */
export const IntegerField = ({ required, nullable, ...property }: FieldOptions) =>
  Field({
    required,
    nullable,
    coerce: (value) => (typeof value === 'string' && /^\s*[-+]?\d{1,10}\s*$/.test(value) ? Number(value) : value),
    check: (value) =>
      Number.isInteger(value) && Math.abs(value as number) <= 2_147_483_647 ? undefined : { constraint: 'integer' },
    property: { type: 'integer', ...property },
  })

export const ChoiceField = ({
  choices,
  required,
  nullable,
  ...property
}: FieldOptions & { choices: readonly string[] }) =>
  Field({
    required,
    nullable,
    coerce: (value) => value,
    check: (value) =>
      choices.includes(value as string) ? undefined : { constraint: 'choice', values: { value: shown(value) } },
    property: { type: 'string', enum: [...choices], ...property },
  })

/** The id of something else; blank is null, as forms send it. Whether it exists is for the service to say. */
export const ReferenceField = ({ required, nullable, ...property }: FieldOptions) =>
  Field({
    required,
    nullable,
    coerce: (value) => (value === '' ? null : typeof value === 'string' ? value.toLowerCase() : value),
    check: (value) => {
      if (typeof value === 'string' || typeof value === 'number')
        return isUuid(value) ? undefined : { constraint: 'uuid' }
      return { constraint: 'incorrectType', values: { type: pythonType(value) } }
    },
    property: { type: 'string', format: 'uuid', ...property },
  })

/** The name that Python, and so PostHog, gives the type of a JSON value. */
export function pythonType(value: unknown): string {
  if (Array.isArray(value)) return 'list'
  if (value === null) return 'NoneType'
  if (typeof value === 'string') return 'str'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return 'dict'
}

/**
 * The same rule as {@link StringField}'s, where a service keeps text that did not come through a DTO.
 * @throws {ApiError} 400 that names `attr`
 */
export function requireText(attr: string, value: string, maxLength: number): void {
  const finding = checkString(value, maxLength)
  if (finding) throw fieldError(attr, finding)
}

/** Whether a number has every digit that was sent: a double holds 15 of a fraction, and none of what it cannot reach. */
const keepsDigits = (value: unknown): value is number =>
  Number.isSafeInteger(value) ||
  (Number.isFinite(value) && !Number.isInteger(value) && String(value).replace(/\D/g, '').length <= 15)

function checkString(value: unknown, maxLength: number): Finding {
  if (typeof value !== 'string') return { constraint: 'string' }
  if (value === '') return { constraint: 'blank' }
  return textProblem(value, maxLength)
}

/** A value as an error sentence may repeat it: short, and never an object's content. */
const shown = (value: unknown): string =>
  typeof value === 'object' ? pythonType(value) : cutText(String(value).toWellFormed(), 100)

/** The error of a finding, with the field it is about. */
export const fieldError = (attr: string, { constraint, values }: NonNullable<Finding>) =>
  fieldErrors[constraint](values, { attr })
