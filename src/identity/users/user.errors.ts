import { defineError } from '../../platform/http/error-catalogue.js'

export const emailTaken = defineError({
  status: 400,
  type: 'validation_error',
  code: 'unique',
  attr: 'email',
  detail: 'There is already an account with this email address.',
})
