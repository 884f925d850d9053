import { z } from 'zod'
import { defineSecurityEvent } from '../../platform/events/define-security-event.js'

const nothing = z.strictObject({})

export const userCreated = defineSecurityEvent('user.created', 'An account was made.', nothing)

export const userDeactivated = defineSecurityEvent(
  'user.deactivated',
  'An account was deactivated. Its keys no longer work.',
  nothing,
)

export const userActivated = defineSecurityEvent(
  'user.activated',
  'A deactivated account was activated again.',
  nothing,
)

export const identityLinked = defineSecurityEvent(
  'user.identity_linked',
  'An account at another company was linked. Its holder can sign in with it.',
  z.strictObject({ provider: z.string(), organization_id: z.string().describe('Where it signs in') }),
)

export const identityUnlinked = defineSecurityEvent(
  'user.identity_unlinked',
  'An account at another company was unlinked. It can no longer be used to sign in.',
  z.strictObject({ provider: z.string(), organization_id: z.string() }),
)
