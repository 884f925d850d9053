import { defineError } from '../platform/http/error-catalogue.js'

export const notConnectable = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  detail: 'Environment mapping is only supported for connectable integrations.',
})

export const foreignProject = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  detail: 'Project {project_id} does not belong to this organization.',
})
