import { defineSettings } from '../platform/config/define-settings.js'
import { flag, listOf, whole } from '../platform/config/setting-values.js'
import { KEY_PARAMETER } from './key-scheme.js'

export const accessSettings = defineSettings(
  {
    AUTH_CACHE_TTL_MS: whole(0, 60_000).default(2_000),
    RATE_LIMIT_ENABLED: flag.default(true),
    RATE_LIMIT_BURST_PER_MINUTE: whole(1, 1e9).default(480),
    RATE_LIMIT_SUSTAINED_PER_HOUR: whole(1, 1e9).default(4_800),
    RATE_LIMIT_FAILURES_PER_MINUTE: whole(1, 1e9).default(60),
    AVAILABLE_PRODUCT_FEATURES: listOf(/^[\w.-]+$/, 'write names like audit_logs, separated by commas').optional(),
  },
  { secretParameters: [KEY_PARAMETER] },
)
