import { defineError } from '../platform/http/error-catalogue.js'

export const onlyYourself = defineError({
  status: 403,
  type: 'authentication_error',
  code: 'permission_denied',
  detail: "As a non-staff user you're only allowed to access the `@me` user instance.",
})
