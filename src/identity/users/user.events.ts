import { z } from 'zod'
import { defineSecurityEvent } from '../../platform/events/define-security-event.js'

const nothing = z.strictObject({})

export const userCreated = defineSecurityEvent('user.created', 'An account was made.', nothing)

export const userDeactivated = defineSecurityEvent(
  'user.deactivated',
  'An account was deactivated: none of its keys works.',
  nothing,
)

export const userActivated = defineSecurityEvent('user.activated', 'A deactivated account works again.', nothing)

export const identityLinked = defineSecurityEvent(
  'user.identity_linked',
  'An account at another company was linked: whoever has it can sign in.',
  z.strictObject({ provider: z.string(), organization_id: z.string().describe('Where it signs in') }),
)

export const identityUnlinked = defineSecurityEvent(
  'user.identity_unlinked',
  'An account at another company was unlinked: nobody signs in with it any more.',
  z.strictObject({ provider: z.string(), organization_id: z.string() }),
)
