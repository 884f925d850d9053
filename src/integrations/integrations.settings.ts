import { z } from 'zod'
import { defineSettings } from '../platform/config/define-settings.js'
import { webUrl } from '../platform/config/setting-values.js'

export const integrationsSettings = defineSettings({
  BILLING_GATE_URL: webUrl.optional(),
  BILLING_GATE_TOKEN: z.string().optional(),
})
