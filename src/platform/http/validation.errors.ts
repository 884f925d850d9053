import { defineError, type ErrorFactory } from './error-catalogue.js'

const invalid = (code: string, detail: string): ErrorFactory =>
  defineError({ status: 400, type: 'validation_error', code, detail })

/**
 * What a field can have wrong, in the codes and sentences of Django REST framework, which PostHog's clients match on.
 * `constraint-words.ts` says which of them a failed constraint of class-validator is.
 */
export const fieldErrors = {
  required: invalid('required', 'This field is required.'),
  null: invalid('null', 'This field may not be null.'),
  blank: invalid('blank', 'This field may not be blank.'),
  maxLength: invalid('max_length', 'Ensure this field has no more than {limit} characters.'),
  minLength: invalid('min_length', 'Ensure this field has at least {limit} characters.'),
  string: invalid('invalid_input', 'Not a valid string.'),
  boolean: invalid('invalid_input', 'Must be a valid boolean.'),
  integer: invalid('invalid_input', 'A valid integer is required.'),
  number: invalid('invalid_input', 'A valid number is required.'),
  maxValue: invalid('max_value', 'Ensure this value is less than or equal to {limit}.'),
  minValue: invalid('min_value', 'Ensure this value is greater than or equal to {limit}.'),
  choice: invalid('invalid_choice', '"{value}" is not a valid choice.'),
  uuid: invalid('invalid_input', 'Must be a valid UUID.'),
  email: invalid('invalid_input', 'Enter a valid email address.'),
  url: invalid('invalid_input', 'Enter a valid URL.'),
  ipAddress: invalid('invalid_input', 'Enter a valid IPv4 or IPv6 address.'),
  dateTime: invalid(
    'invalid_input',
    'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].',
  ),
  json: invalid('invalid_input', 'Value must be valid JSON.'),
  pattern: invalid('invalid_input', 'This value does not match the required pattern.'),
  notAList: invalid('not_a_list', 'Expected a list of items but got type "{type}".'),
  emptyList: invalid('empty', 'This list may not be empty.'),
  maxItems: invalid('max_length', 'Ensure this field has no more than {limit} elements.'),
  minItems: invalid('min_length', 'Ensure this field has at least {limit} elements.'),
  notAnObject: invalid('invalid_input', 'Invalid data. Expected a dictionary, but got {type}.'),
  emptyObject: invalid('empty', 'This dictionary may not be empty.'),
  forbiddenKey: invalid('invalid_input', 'The key "{key}" is not allowed.'),
  nullCharacters: invalid('null_characters_not_allowed', 'Null characters are not allowed.'),
  surrogates: invalid('surrogate_characters_not_allowed', 'Surrogate characters are not allowed: U+{value}.'),
  doesNotExist: invalid('does_not_exist', 'Invalid pk "{value}" - object does not exist.'),
  incorrectType: invalid('incorrect_type', 'Incorrect type. Expected pk value, received {type}.'),
  payload: invalid('invalid_input', 'Not valid: {problem}.'),
  invalid: invalid('invalid_input', 'This value is not valid.'),
}

export type FieldConstraint = keyof typeof fieldErrors

/** What is wrong with a value: a key of {@link fieldErrors}, with the values of its sentence. */
export interface Finding {
  constraint: FieldConstraint
  values?: Record<string, string | number>
}

/** The error of a finding. `attr` names the field; undefined means the whole body. */
export const fieldError = (attr: string | undefined, { constraint, values }: Finding) =>
  fieldErrors[constraint](values, { attr })
