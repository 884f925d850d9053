import { z } from 'zod'
import { defineEvent } from '../platform/events/define-event.js'

export const projectCreated = defineEvent(
  'project.created',
  'A project was made in an organization.',
  z.strictObject({ name: z.string() }),
)

export const projectUpdated = defineEvent('project.updated', 'A project changed.', z.strictObject({}))

export const projectTokenReset = defineEvent(
  'project.token_reset',
  'A project got a new token, and the old one stopped working.',
  z.strictObject({}),
)
