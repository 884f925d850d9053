import { z } from 'zod'
import { defineSecurityEvent } from '../../platform/events/define-security-event.js'

const key = z.strictObject({ key_id: z.string(), label: z.string() })
const expires_at = z.iso.datetime()

export const keyCreated = defineSecurityEvent(
  'personal_api_key.created',
  'Somebody got a personal API key.',
  key.extend({
    scopes: z.array(z.string()),
    scoped_organizations: z.array(z.string()),
    scoped_teams: z.array(z.int()),
    expires_at: expires_at.nullable(),
  }),
)

export const keyRolled = defineSecurityEvent(
  'personal_api_key.rolled',
  'A key got a new value, and the old one stopped working.',
  key,
)

export const keyRevoked = defineSecurityEvent('personal_api_key.revoked', 'A key was deleted.', key)

export const signedIn = defineSecurityEvent(
  'user.signed_in',
  'Somebody signed in, which made a key for the time being.',
  z.strictObject({ method: z.string(), key_id: z.string(), expires_at }),
)

export const signInEnded = defineSecurityEvent(
  'user.sign_in_ended',
  'A sign-in ended, when the same person signed in again.',
  z.strictObject({
    key_id: z.string(),
    reason: z.enum(['expired', 'too_many']).describe('Its time was over, or ten newer ones push it out'),
  }),
)
