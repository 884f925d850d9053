import { z } from 'zod'
import { defineSettings, type SettingsOf } from './define-settings.js'
import {
  baseUrl,
  databaseUrl,
  encryptionKeys,
  flag,
  hosts,
  networks,
  oneOf,
  origins,
  pattern,
  redisUrl,
  whole,
} from './setting-values.js'

/** What every server reads, whatever its modules are. */
export const platformSettings = defineSettings({
  PORT: whole(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: baseUrl.optional(),
  APP_URL: baseUrl.optional(),
  REQUEST_TIMEOUT_MS: whole(100, 600_000).default(30_000),
  SHUTDOWN_DRAIN_MS: whole(0, 600_000).default(5_000),
  TRUSTED_PROXIES: networks.default([]),
  CORS_ORIGINS: origins.default([]),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL_SIZE: whole(1, 500).default(10),
  DATABASE_START_TIMEOUT_MS: whole(0, 600_000).default(30_000),
  DATABASE_PREPARED_STATEMENTS: flag.default(true),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(100, 600_000).default(10_000),
  DATA_DIR: z.string().default('./data'),
  REDIS_URL: redisUrl.optional(),
  INTEGRATION_ENCRYPTION_KEYS: encryptionKeys.optional(),
  OUTBOUND_PRIVATE_HOSTS: hosts.default([]),
  OUTBOUND_TIMEOUT_MS: whole(1, 120_000).default(10_000),
  EVENTS_RETENTION_DAYS: whole(1, 36_500).default(400),
  METRICS_TOKEN: pattern(/^.{16,}$/, 'write 16 characters or more').optional(),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
  LOG_FORMAT: oneOf('auto', 'json', 'pretty').default('auto'),
})

export type PlatformSettings = SettingsOf<typeof platformSettings>
