import { defineError } from 'polity'

export const nameTaken = defineError({
  status: 400,
  type: 'validation_error',
  code: 'unique',
  attr: 'name',
  detail: 'There is already a widget of this name.',
})
