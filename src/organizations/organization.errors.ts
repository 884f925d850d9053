import type { FeatureKey } from '../access/index.js'
import { defineError, type ErrorFactory } from '../platform/http/error-catalogue.js'
import type { OrganizationSettings } from './organization.dto.js'

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

const upgrade = (attr: keyof OrganizationSettings, purpose: string): ErrorFactory =>
  defineError({
    status: 400,
    type: 'validation_error',
    code: 'payment_required',
    attr,
    detail: `You must upgrade your plan to ${purpose}.`,
  })

/** The settings that a feature opens, and what one is told who lacks it. */
export const gates: { field: keyof OrganizationSettings; feature: FeatureKey; refusal: ErrorFactory }[] = [
  { field: 'enforce_2fa', feature: '2fa_enforcement', refusal: upgrade('enforce_2fa', 'enforce 2FA') },
  {
    field: 'members_can_invite',
    feature: 'organization_invite_settings',
    refusal: upgrade('members_can_invite', 'configure who can send invites'),
  },
  {
    field: 'members_can_create_projects',
    feature: 'organization_invite_settings',
    refusal: upgrade('members_can_create_projects', 'configure who can create projects'),
  },
  {
    field: 'members_can_use_personal_api_keys',
    feature: 'organization_security_settings',
    refusal: upgrade('members_can_use_personal_api_keys', 'configure personal API key permissions'),
  },
  {
    field: 'allow_publicly_shared_resources',
    feature: 'organization_security_settings',
    refusal: upgrade('allow_publicly_shared_resources', 'configure public sharing settings'),
  },
]
