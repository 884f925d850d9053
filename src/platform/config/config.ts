import { z } from 'zod'
import type { EncryptionKeys } from '../secrets/keyring.js'
import { StartError } from '../start-error.js'

const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1')
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
)
/** `<id>:<32 bytes in base64>`, comma-separated, the current one first. */
const encryptionKeys = list.transform((items, context): EncryptionKeys => {
  const keys = items.map((item) => /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(item))
  if (keys.length === 0 || keys.some((key) => !key) || new Set(keys.map((key) => key![1])).size < keys.length) {
    context.addIssue('write each key as <id>:<32 bytes in base64>, its id used once')
    return z.NEVER
  }
  return new Map(keys.map((key) => [key![1]!, Buffer.from(key![2]!, 'base64')]))
})

/** @throws {z.ZodError} */
export const parseEncryptionKeys = (text: string): EncryptionKeys => encryptionKeys.parse(text)
const whole = (min: number, max: number) => {
  const error = `write a whole number from ${min} to ${max}`
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error })
}
const url = (protocol: RegExp, example: string) => z.url({ protocol, error: `write it like ${example}` })
const webUrl = url(/^https?$/, 'https://app.example.com')
const httpUrl = webUrl.transform((url) => url.replace(/(?<!\/)\/+$/, ''))

/** Every environment variable that Polity reads, with its default. `.env.example` explains each; a test compares the two. */
export const environment = z.object({
  PORT: whole(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  REQUEST_TIMEOUT_MS: whole(100, 600_000).default(30_000),
  SHUTDOWN_DRAIN_MS: whole(0, 600_000).default(5_000),
  DATABASE_URL: url(/^postgres(ql)?$/, 'postgres://user:password@host:5432/polity').optional(),
  DATABASE_POOL_SIZE: whole(1, 500).default(10),
  DATABASE_START_TIMEOUT_MS: whole(0, 600_000).default(30_000),
  DATABASE_PREPARED_STATEMENTS: flag.default(true),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(100, 600_000).default(10_000),
  DATA_DIR: z.string().default('./data'),
  AUTH_CACHE_TTL_MS: whole(0, 60_000).default(2_000),
  REDIS_URL: url(/^rediss?$/, 'redis://host:6379').optional(),
  TRUSTED_PROXIES: list.default([]),
  CORS_ORIGINS: list.default([]),
  RATE_LIMIT_ENABLED: flag.default(true),
  RATE_LIMIT_BURST_PER_MINUTE: whole(1, 1e9).default(480),
  RATE_LIMIT_SUSTAINED_PER_HOUR: whole(1, 1e9).default(4_800),
  RATE_LIMIT_FAILURES_PER_MINUTE: whole(1, 1e9).default(60),
  ORGANIZATION_RESTORE_DAYS: whole(0, 3_650).default(30),
  AVAILABLE_PRODUCT_FEATURES: list.optional(),
  PUBLIC_URL: httpUrl.optional(),
  APP_URL: httpUrl.optional(),
  VERCEL_CLIENT_ID: z.string().optional(),
  VERCEL_CLIENT_SECRET: z.string().optional(),
  VERCEL_PRODUCT_SLUG: z.string().default('polity'),
  VERCEL_INTEGRATION_SLUG: z.string().optional(),
  VERCEL_SECRET_PREFIX: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .default('NEXT_PUBLIC_POLITY'),
  VERCEL_PLANS: z.string().optional(),
  VERCEL_ISSUER: httpUrl.default('https://marketplace.vercel.com'),
  VERCEL_JWKS_URL: httpUrl.optional(),
  VERCEL_API_URL: httpUrl.default('https://api.vercel.com'),
  INTEGRATION_ENCRYPTION_KEYS: encryptionKeys.optional(),
  OUTBOUND_PRIVATE_HOSTS: list.default([]),
  OUTBOUND_TIMEOUT_MS: whole(1, 120_000).default(10_000),
  BILLING_GATE_URL: httpUrl.optional(),
  BILLING_GATE_TOKEN: z.string().optional(),
  AWS_MARKETPLACE_PRODUCT_CODES: list.default([]),
  AWS_MARKETPLACE_CLAIM_URL: webUrl.optional(),
  AWS_MARKETPLACE_TOPIC_ARNS: list.default([]),
  AWS_REGION: z.string().default('us-east-1'),
  AWS_MARKETPLACE_METERING_ENDPOINT: webUrl.optional(),
  AWS_MARKETPLACE_ENTITLEMENT_ENDPOINT: webUrl.optional(),
  AWS_SNS_ENDPOINT: webUrl.optional(),
  METRICS_TOKEN: z.string().min(16).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  LOG_FORMAT: z.enum(['auto', 'json', 'pretty']).default('auto'),
})

/** The parsed environment. Injected by this class wherever a setting is needed. */
export class Config {
  /** @param embedded whether `DATABASE_URL` is that of our own PostgreSQL */
  constructor(
    readonly values: z.infer<typeof environment>,
    readonly embedded = false,
  ) {}

  get<Name extends keyof z.infer<typeof environment>>(name: Name): z.infer<typeof environment>[Name] {
    return this.values[name]
  }
}

/**
 * Parses the environment once, at boot. An empty variable counts as not set, as shells and Compose files mean it.
 * @throws {StartError} naming the first bad variable and what it may hold.
 */
export function loadConfig(variables: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const parsed = environment.safeParse(given)
  if (parsed.success) return new Config(parsed.data)
  const issue = parsed.error.issues[0]!
  throw new StartError(
    `The environment variable ${issue.path.join('.')} is not valid: ${issue.message}. See .env.example for what it may hold.`,
  )
}

/** Reads `.env` from the working directory into the environment, where one exists; variables already set win. */
export function readDotEnv(): void {
  try {
    process.loadEnvFile('.env')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new StartError(`.env cannot be read: ${(error as Error).message}`)
  }
}
