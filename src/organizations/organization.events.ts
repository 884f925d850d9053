import { z } from 'zod'
import { defineEvent } from '../platform/events/define-event.js'

const nothing = z.strictObject({})

export const organizationCreated = defineEvent(
  'organization.created',
  'Somebody created an organization, which they own.',
  z.strictObject({ name: z.string() }),
)

export const organizationUpdated = defineEvent('organization.updated', 'Settings of an organization changed.', nothing)

export const organizationDeleted = defineEvent(
  'organization.deleted',
  'An owner deleted an organization. It can be restored until organization.purged.',
  nothing,
)

export const organizationRestored = defineEvent(
  'organization.restored',
  'A deleted organization was brought back.',
  nothing,
)

export const organizationPurged = defineEvent(
  'organization.purged',
  'The grace period of a deleted organization is over, and all that belonged to it is gone.',
  nothing,
)
