import { defineError } from '../platform/http/error-catalogue.js'
import { gatedSettings } from './organization-own-fields.js'

export const alreadyBeingDeleted = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  detail: 'This organization is already being deleted.',
})

export const notBeingDeleted = defineError({
  status: 400,
  type: 'validation_error',
  code: 'invalid_input',
  detail: 'This organization is not being deleted.',
})

/** The settings that a feature opens, and the error for organizations that lack it. */
export const gates = gatedSettings.map(({ field, feature, purpose }) => ({
  field,
  feature,
  refusal: defineError({
    status: 400,
    type: 'validation_error',
    code: 'payment_required',
    attr: field,
    detail: `You must upgrade your plan to ${purpose}.`,
  }),
}))

export type Gate = (typeof gates)[number]
