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

export const alreadyInstalled = defineError({
  status: 400,
  type: 'validation_error',
  code: 'unique',
  detail: 'This installation is already connected to an organization. Disconnect it there first.',
})

export const invalidConfiguration = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  detail: 'The configuration of a {kind} integration does not allow this value of "{field}".',
})

/** A conflict that the caller can end; PostHog calls it a server error. */
export const openInvoices = defineError({
  status: 409,
  type: 'invalid_request',
  code: 'open_invoices_error',
  detail: 'This integration has unpaid invoices that must be resolved before disconnecting.',
})

export const billingUnavailable = defineError({
  status: 503,
  type: 'server_error',
  code: 'billing_unavailable',
  detail: 'Billing cannot be asked for open invoices at the moment. Nothing was changed; try again later.',
})
