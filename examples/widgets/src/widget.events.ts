import { defineEvent } from 'polity'
import { z } from 'zod'

const widget = z.strictObject({ name: z.string() })

export const widgetCreated = defineEvent('widget.created', 'Somebody made a widget.', widget)
export const widgetDeleted = defineEvent('widget.deleted', 'Somebody deleted a widget.', widget)
