import * as classValidator from 'class-validator'
import { cutText, textProblem } from '../values/stored-values.js'
import { pythonType } from '../values/python-type.js'
import { ownConstraints } from './field-constraints.js'
import { ApiError } from './error-catalogue.js'
import { type FieldConstraint, fieldErrors, fieldError, type Finding } from './validation.errors.js'

/** The error of a constraint for a value that it refuses. `limits` are the arguments of its decorator. */
type Words = (value: unknown, limits: readonly unknown[]) => Finding

const say =
  (constraint: FieldConstraint): Words =>
  () => ({ constraint })
const type =
  (constraint: FieldConstraint): Words =>
  (value) => ({ constraint, values: { type: pythonType(value) } })
const choice: Words = (value) => ({ constraint: 'choice', values: { value: shown(value) } })

/** For constraints of text, numbers and lists: a value of another type is told its type first. */
const ofText =
  (constraint: FieldConstraint): Words =>
  (value, [limit]) =>
    typeof value === 'string' ? { constraint, values: { limit: String(limit) } } : { constraint: 'string' }
const ofNumber =
  (constraint: FieldConstraint): Words =>
  (value, [limit]) =>
    typeof value === 'number' ? { constraint, values: { limit: String(limit) } } : { constraint: 'number' }
const ofList =
  (constraint: FieldConstraint): Words =>
  (value, [limit]): Finding =>
    Array.isArray(value)
      ? { constraint, values: { limit: String(limit) } }
      : { constraint: 'notAList', values: { type: pythonType(value) } }

/**
 * PostHog's words for the constraints of class-validator and ours. Where a value fails several, the first in this table
 * wins: first that it is there, then of what type it is, then what it holds.
 */
const words = new Map<string, Words>(
  Object.entries({
    isDefined: say('required'),
    [ownConstraints.notNull]: say('null'),
    isString: say('string'),
    isBoolean: say('boolean'),
    isInt: say('integer'),
    [ownConstraints.integer]: say('integer'),
    isNumber: say('number'),
    isDate: say('dateTime'),
    isArray: type('notAList'),
    isObject: type('notAnObject'),
    nestedValidation: type('notAnObject'),
    isNotEmpty: say('blank'),
    arrayNotEmpty: ofList('emptyList'),
    isNotEmptyObject: (value, limits) =>
      (pythonType(value) === 'dict' ? say('emptyObject') : type('notAnObject'))(value, limits),
    maxLength: ofText('maxLength'),
    minLength: ofText('minLength'),
    isLength: (value, [minimum, maximum]) =>
      typeof value === 'string' && [...value].length < Number(minimum)
        ? ofText('minLength')(value, [minimum])
        : ofText('maxLength')(value, [maximum]),
    [ownConstraints.storedText]: (value, [maximum]) =>
      textProblem(String(value), Number(maximum)) ?? { constraint: 'string' },
    arrayMaxSize: ofList('maxItems'),
    arrayMinSize: ofList('minItems'),
    max: ofNumber('maxValue'),
    min: ofNumber('minValue'),
    isIn: choice,
    isEnum: choice,
    [ownConstraints.reference]: (value) =>
      typeof value === 'string' || typeof value === 'number'
        ? { constraint: 'uuid' }
        : { constraint: 'incorrectType', values: { type: pythonType(value) } },
    isUuid: say('uuid'),
    isEmail: say('email'),
    isUrl: say('url'),
    isIp: say('ipAddress'),
    isRFC3339: say('dateTime'),
    isJson: say('json'),
    matches: ofText('pattern'),
  } satisfies Record<string, Words>),
)

/** A value as an error sentence may repeat it: short, and never an object's content. */
const shown = (value: unknown): string =>
  typeof value === 'object' ? pythonType(value) : cutText(`${value as string}`.toWellFormed(), 100)

/** The names of class-validator's own constraints, which it exports, such as `IS_STRING`. */
const shipped = new Set<unknown>([
  ...words.keys(),
  ...Object.values(classValidator).filter((it) => typeof it === 'string'),
])

const ranks = new Map([...words.keys()].map((name, rank) => [name, rank]))

/** Where a constraint stands among those that a value fails; those that the table does not know come last. */
export const rankOf = (constraint: string): number => ranks.get(constraint) ?? words.size

/** A constraint that a value failed. */
export interface FailedConstraint {
  name: string
  value: unknown
  limits: readonly unknown[]
  /** class-validator's message. */
  message: string
  /** Whether the message was written where the constraint was declared. */
  isOwnMessage: boolean
}

/** In characters. A message may repeat the value that was sent. */
const LONGEST_DETAIL = 500

/** The error of a failed constraint: in PostHog's words where the table has them, else `invalid_input` with its own message. */
export function constraintError(attr: string, failed: FailedConstraint): ApiError {
  const finding = findingOf(failed)
  if (finding && !failed.isOwnMessage) return fieldError(attr, finding)
  const { status, type, code, detail } = fieldErrors[finding?.constraint ?? 'invalid'].definition
  return new ApiError(status, {
    type,
    code,
    detail: cutText(failed.message.toWellFormed(), LONGEST_DETAIL) || detail,
    attr,
  })
}

/** A missing value or null fails every constraint, so only a custom constraint can mean something else by it. */
function findingOf({ name, value, limits }: FailedConstraint): Finding | undefined {
  if (shipped.has(name) && value === undefined) return { constraint: 'required' }
  if (shipped.has(name) && value === null) return { constraint: 'null' }
  return words.get(name)?.(value, limits)
}
