import { z } from 'zod'
import { defineSecurityEvent } from '../../platform/events/define-security-event.js'

const key = z.strictObject({ key_id: z.string(), label: z.string() })
const expires_at = z.iso.datetime()

export const keyCreated = defineSecurityEvent(
  'personal_api_key.created',
  'A personal API key was created.',
  key.extend({
    scopes: z.array(z.string()),
    scoped_organizations: z.array(z.string()),
    scoped_teams: z.array(z.int()),
    expires_at: expires_at.nullable(),
  }),
)

export const keyRolled = defineSecurityEvent(
  'personal_api_key.rolled',
  'A key got a new value, and its old value stopped working.',
  key,
)

export const keyRevoked = defineSecurityEvent('personal_api_key.revoked', 'A key was deleted.', key)

export const signedIn = defineSecurityEvent(
  'user.signed_in',
  'Somebody signed in, which created a temporary key.',
  z.strictObject({ method: z.string(), key_id: z.string(), expires_at }),
)

export const signInEnded = defineSecurityEvent(
  'user.sign_in_ended',
  'A sign-in ended because the same person signed in again.',
  z.strictObject({
    key_id: z.string(),
    reason: z.enum(['expired', 'too_many']).describe('It had expired, or the person has ten newer ones'),
  }),
)
