import { isISO8601, ValidateBy, type ValidationOptions } from 'class-validator'
import { isUuid, textProblem } from '../values/stored-values.js'

/** The names of our own constraints, beside those of class-validator. */
export const ownConstraints = {
  notNull: 'isNotNull',
  storedText: 'isStoredText',
  integer: 'isStoredInteger',
  reference: 'isReference',
} as const

const constraint = (
  name: string,
  options: ValidationOptions,
  validate: (value: unknown) => boolean,
  constraints: unknown[] = [],
) => ValidateBy({ name, constraints, validator: { validate } }, options)

/** Is not null, also where `PartialType` lets class-validator skip the field. */
export const NotNull = (options: ValidationOptions) =>
  constraint(ownConstraints.notNull, options, (value) => value !== null)

/** Fits a `varchar(maxLength)`. `@MaxLength` counts some characters as none, which PostgreSQL counts. */
export const IsStoredText = (maxLength: number, options: ValidationOptions) =>
  constraint(
    ownConstraints.storedText,
    options,
    (value) => typeof value !== 'string' || textProblem(value, maxLength) === undefined,
    [maxLength],
  )

/** Fits PostgreSQL's `integer`, of 32 bits. */
export const IsStoredInteger = (options: ValidationOptions) =>
  constraint(
    ownConstraints.integer,
    options,
    (value) => Number.isInteger(value) && Math.abs(value as number) <= 2_147_483_647,
  )

/** Is a UUID of any version. `@IsUUID` refuses those of none, which older databases have. */
export const IsReference = (options: ValidationOptions) => constraint(ownConstraints.reference, options, isUuid)

/** Whether a text is a time as Django REST framework reads it: `2026-05-01T09:00Z`, without an offset UTC. */
export const isDateTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?$/i.test(text) &&
  isISO8601(text, { strict: true })
