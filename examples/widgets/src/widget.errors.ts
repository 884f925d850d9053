import { defineError } from 'polity'

const invalid = (code: string, attr: string, detail: string) =>
  defineError({ status: 400, type: 'validation_error', code, attr, detail })

export const nameTaken = invalid('unique', 'name', 'There is already a widget of this name.')
export const limitReached = invalid(
  'limit_reached',
  'name',
  'This organization may have {limit} widgets. Raise its limit.',
)
export const limitTooLow = invalid('limit_too_low', 'widget_limit', 'This organization has {count} widgets already.')
