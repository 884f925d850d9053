import { defineError } from 'polity'

export const tokenRefused = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  attr: 'token',
  detail: 'Acme does not accept this token for the workspace "{workspace}". Make a new one in its settings.',
})

export const workspaceTaken = defineError({
  status: 400,
  type: 'validation_error',
  code: 'unique',
  attr: 'workspace',
  detail: 'The workspace "{workspace}" is connected to another organization. Disconnect it there first.',
})

export const acmeUnavailable = defineError({
  status: 503,
  type: 'server_error',
  code: 'acme_unavailable',
  detail: 'Acme cannot be asked about the token at the moment. Nothing was changed; try again later.',
})
