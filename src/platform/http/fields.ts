import type { Type as Class } from '@nestjs/common'
import type { ApiPropertyOptions } from '@nestjs/swagger'
import { Type } from 'class-transformer'
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsDate,
  IsEmail,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsString,
  IsUrl,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator'
import { EMAIL_LENGTH, textProblem } from '../values/stored-values.js'
import { Field, type FieldDecorator, type FieldOptions } from './field.js'
import { IsReference, IsStoredInteger, IsStoredText, isDateTime } from './field-constraints.js'
import { fieldError } from './validation.errors.js'

interface TextOptions extends FieldOptions {
  /** In characters, not in UTF-16 units. */
  maxLength: number
}

/** A string, trimmed. Numbers become strings where they keep all their digits. */
export const StringField = (options: TextOptions) => textField(options)

/** An e-mail address, trimmed. */
export const EmailField = ({ maxLength = EMAIL_LENGTH, ...options }: Partial<TextOptions> = {}) =>
  textField({ maxLength, ...options }, { format: 'email' }, (validation) => IsEmail({}, validation))

/** An absolute address of the web, `http` or `https`, trimmed. */
export const UrlField = ({ maxLength = 2_000, ...options }: Partial<TextOptions> = {}) =>
  textField({ maxLength, ...options }, { format: 'uri' }, (validation) =>
    // Without `require_tld`: `http://localhost:3000` is one too.
    IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false }, validation),
  )

/** Django REST framework's words for true, false and, where null is allowed, null. */
const booleanWords = new Map<unknown, boolean>([
  ...['true', 't', 'yes', 'y', 'on', '1', 1].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0', 0].map((word) => [word, false] as const),
])

/** True or false, in any of the words that forms send. */
export const BooleanField = ({ required, nullable, ...property }: FieldOptions = {}) =>
  Field({
    required,
    nullable,
    coerce: (value) => {
      const word = typeof value === 'string' ? value.trim().toLowerCase() : value
      if (nullable && (word === '' || word === 'null')) return null
      return booleanWords.get(word) ?? value
    },
    constraints: (options) => [IsBoolean(options)],
    property: { type: 'boolean', ...property },
  })

/** A 32-bit integer, the width of the ids it stands for; `"12"` is 12. */
export const IntegerField = ({ required, nullable, ...property }: FieldOptions = {}) =>
  Field({
    required,
    nullable,
    coerce: (value) => (typeof value === 'string' && /^\s*[-+]?\d{1,10}\s*$/.test(value) ? Number(value) : value),
    constraints: (options) => [IsStoredInteger(options)],
    property: { type: 'integer', ...property },
  })

/** One of several strings, as it stands. */
export const ChoiceField = ({
  choices,
  required,
  nullable,
  ...property
}: FieldOptions & { choices: readonly string[] }) =>
  Field({
    required,
    nullable,
    constraints: (options) => [IsIn(choices, options)],
    property: { type: 'string', enum: [...choices], ...property },
  })

/** The id of something else; blank is null, as forms send it. Whether it exists is for the service to say. */
export const ReferenceField = ({ required, nullable, ...property }: FieldOptions = {}) =>
  Field({
    required,
    nullable,
    coerce: (value) => (value === '' ? null : typeof value === 'string' ? value.toLowerCase() : value),
    constraints: (options) => [IsReference(options)],
    property: { type: 'string', format: 'uuid', ...property },
  })

/** A moment, as a `Date`: ISO 8601 with date and time. Without an offset it is UTC; finer than a millisecond is cut off. */
export const DateTimeField = ({ required, nullable, ...property }: FieldOptions = {}) =>
  Field({
    required,
    nullable,
    coerce: (value) => {
      const text = typeof value === 'string' ? value.trim() : ''
      return isDateTime(text) ? dateOf(text) : value
    },
    constraints: (options) => [IsDate(options)],
    property: { type: 'string', format: 'date-time', ...property },
  })

/**
 * An object with fields of its own: a DTO in the DTO. Errors name them as `address__city`.
 * @example
 * ```ts
 * @ObjectField({ type: Address, required: true })
 * address!: Address
 * ```
 */
export const ObjectField = ({ type, required, nullable, ...property }: FieldOptions & { type: Class }) =>
  Field({
    required,
    nullable,
    constraints: (options) => [IsObject(options), ValidateNested(options)],
    decorators: [Type(() => type)],
    property: { type, ...property },
  })

/**
 * A list whose items all follow the rule of one field. Errors name the item at fault as `tags__0`. Items are never null,
 * whatever their field says.
 * @example
 * ```ts
 * @ListField({ items: StringField({ maxLength: 40 }), maxItems: 20 })
 * tags?: string[]
 * ```
 */
export function ListField({
  items,
  maxItems,
  required,
  nullable,
  ...property
}: FieldOptions & { items: FieldDecorator; maxItems: number }): PropertyDecorator {
  const { coerce, constraints, decorators, property: item } = items.rule
  const { description: _description, example: _example, type, ...schema } = item as Record<string, unknown>
  return Field({
    required,
    nullable,
    coerce: (value) => (coerce && Array.isArray(value) ? value.map(coerce) : value),
    constraints: (options) => [
      IsArray(options),
      ArrayMaxSize(maxItems, options),
      ...constraints({ ...options, each: true }),
    ],
    decorators,
    property: {
      ...(typeof type === 'function' ? { type: [type] } : { type: 'array', items: { type, ...schema } }),
      maxItems,
      ...property,
    } as ApiPropertyOptions,
  })
}

/**
 * The same rule as {@link StringField}'s, where a service keeps text that did not come through a DTO.
 * @throws {ApiError} 400 that names `attr`
 */
export function requireText(attr: string, value: string, maxLength: number): void {
  const finding = value === '' ? { constraint: 'blank' as const } : textProblem(value, maxLength)
  if (finding) throw fieldError(attr, finding)
}

function textField(
  { maxLength, required, nullable, ...property }: TextOptions,
  schema: { format?: string } = {},
  ...more: ((options: ValidationOptions) => PropertyDecorator)[]
): FieldDecorator {
  return Field({
    required,
    nullable,
    coerce: (value) => (typeof value === 'string' ? value.trim() : keepsDigits(value) ? String(value) : value),
    constraints: (options) => [
      IsString(options),
      IsNotEmpty(options),
      IsStoredText(maxLength, options),
      ...more.map((decorator) => decorator(options)),
    ],
    property: { type: 'string', ...schema, minLength: 1, maxLength, ...property },
  })
}

/** The moment of a text that {@link isDateTime}. */
const dateOf = (text: string): Date =>
  new Date((/[+-]\d\d:?\d\d$|Z$/i.test(text) ? text : `${text}Z`).replace(' ', 'T'))

/** Whether a number has every digit that was sent: a double holds 15 of a fraction, and none of what it cannot reach. */
const keepsDigits = (value: unknown): value is number =>
  Number.isSafeInteger(value) ||
  (Number.isFinite(value) && !Number.isInteger(value) && String(value).replace(/\D/g, '').length <= 15)
