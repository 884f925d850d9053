import { defineError, type ErrorFactory } from './error-catalogue.js'

const invalid = (code: string, detail: string): ErrorFactory =>
  defineError({ status: 400, type: 'validation_error', code, detail })

/**
 * What a field can have wrong, in Django REST framework's codes and sentences, which PostHog's clients match on.
 * The field decorators name their constraints by these keys.
 */
export const fieldErrors = {
  required: invalid('required', 'This field is required.'),
  null: invalid('null', 'This field may not be null.'),
  blank: invalid('blank', 'This field may not be blank.'),
  maxLength: invalid('max_length', 'Ensure this field has no more than {limit} characters.'),
  string: invalid('invalid_input', 'Not a valid string.'),
  boolean: invalid('invalid_input', 'Must be a valid boolean.'),
  integer: invalid('invalid_input', 'A valid integer is required.'),
  choice: invalid('invalid_choice', '"{value}" is not a valid choice.'),
  uuid: invalid('invalid_input', 'Must be a valid UUID.'),
  nullCharacters: invalid('null_characters_not_allowed', 'Null characters are not allowed.'),
  surrogates: invalid('surrogate_characters_not_allowed', 'Surrogate characters are not allowed: U+{value}.'),
  doesNotExist: invalid('does_not_exist', 'Invalid pk "{value}" - object does not exist.'),
  incorrectType: invalid('incorrect_type', 'Incorrect type. Expected pk value, received {type}.'),
}

export type FieldConstraint = keyof typeof fieldErrors

export const notAnObject = invalid('invalid_input', 'Invalid data. Expected a dictionary, but got {type}.')
