import { defineSettings } from '../platform/config/define-settings.js'
import { whole } from '../platform/config/setting-values.js'

export const organizationsSettings = defineSettings({ ORGANIZATION_RESTORE_DAYS: whole(0, 3_650).default(30) })
