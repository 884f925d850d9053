import { z } from 'zod'
import { defineEvent } from '../platform/events/define-event.js'

const member = z.strictObject({
  user_id: z.int(),
  level: z.int().describe('1 member, 8 admin, 15 owner'),
})

export const memberJoined = defineEvent('member.joined', 'Somebody became a member of an organization.', member)

export const memberLevelChanged = defineEvent(
  'member.level_changed',
  'The level of a member changed.',
  z.strictObject({ user_id: z.int() }),
)

export const memberLeft = defineEvent('member.left', 'A membership ended.', member)
