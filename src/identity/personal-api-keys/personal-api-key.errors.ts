import { defineError } from '../../platform/http/error-catalogue.js'

export const tooManyKeys = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  detail: 'You can only have 10 personal API keys. Remove an existing key before creating a new one.',
})

export const invalidScope = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  attr: 'scopes',
  detail: 'Invalid scope: {scope}. Valid scopes are *, {valid}.',
})

export const notInFuture = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  attr: 'expires_at',
  detail: 'A key must expire in the future.',
})

const beyondReach = (attr: 'scoped_organizations' | 'scoped_teams', what: string) =>
  defineError({
    status: 400,
    type: 'validation_error',
    code: 'invalid_input',
    attr,
    detail: `You must be a member of all ${what} that you are scoping the key to.`,
  })

export const organizationBeyondReach = beyondReach('scoped_organizations', 'organizations')
export const teamBeyondReach = beyondReach('scoped_teams', 'teams')
