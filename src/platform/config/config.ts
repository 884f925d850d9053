import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { StartError } from '../start-error.js'
import { parseDotEnv } from './dot-env.js'
import { isOfAwsSdk, meantBy, unreadNames } from './setting-names.js'
import {
  baseUrl,
  databaseUrl,
  encryptionKeys,
  flag,
  hosts,
  jsonArray,
  listOf,
  networks,
  oneOf,
  origins,
  pattern,
  redisUrl,
  webUrl,
  whole,
} from './setting-values.js'

const slug = pattern(/^[A-Za-z0-9_-]+$/, 'write it as it stands in addresses at Vercel')

/** Every environment variable that Polity reads, with its default. `.env.example` explains each; a test compares the two. */
export const environment = z.object({
  PORT: whole(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  REQUEST_TIMEOUT_MS: whole(100, 600_000).default(30_000),
  SHUTDOWN_DRAIN_MS: whole(0, 600_000).default(5_000),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL_SIZE: whole(1, 500).default(10),
  DATABASE_START_TIMEOUT_MS: whole(0, 600_000).default(30_000),
  DATABASE_PREPARED_STATEMENTS: flag.default(true),
  DATABASE_STATEMENT_TIMEOUT_MS: whole(100, 600_000).default(10_000),
  DATA_DIR: z.string().default('./data'),
  AUTH_CACHE_TTL_MS: whole(0, 60_000).default(2_000),
  REDIS_URL: redisUrl.optional(),
  TRUSTED_PROXIES: networks.default([]),
  CORS_ORIGINS: origins.default([]),
  RATE_LIMIT_ENABLED: flag.default(true),
  RATE_LIMIT_BURST_PER_MINUTE: whole(1, 1e9).default(480),
  RATE_LIMIT_SUSTAINED_PER_HOUR: whole(1, 1e9).default(4_800),
  RATE_LIMIT_FAILURES_PER_MINUTE: whole(1, 1e9).default(60),
  ORGANIZATION_RESTORE_DAYS: whole(0, 3_650).default(30),
  AVAILABLE_PRODUCT_FEATURES: listOf(/^[\w.-]+$/, 'write names like audit_logs, separated by commas').optional(),
  PUBLIC_URL: baseUrl.optional(),
  APP_URL: baseUrl.optional(),
  VERCEL_CLIENT_ID: z.string().optional(),
  VERCEL_CLIENT_SECRET: z.string().optional(),
  VERCEL_PRODUCT_SLUG: slug.default('polity'),
  VERCEL_INTEGRATION_SLUG: slug.optional(),
  VERCEL_SECRET_PREFIX: pattern(/^[A-Z][A-Z0-9_]*$/, 'write capital letters, digits and _').default(
    'NEXT_PUBLIC_POLITY',
  ),
  VERCEL_PLANS: jsonArray.optional(),
  VERCEL_ISSUER: baseUrl.default('https://marketplace.vercel.com'),
  VERCEL_JWKS_URL: webUrl.optional(),
  VERCEL_API_URL: baseUrl.default('https://api.vercel.com'),
  INTEGRATION_ENCRYPTION_KEYS: encryptionKeys.optional(),
  OUTBOUND_PRIVATE_HOSTS: hosts.default([]),
  OUTBOUND_TIMEOUT_MS: whole(1, 120_000).default(10_000),
  BILLING_GATE_URL: webUrl.optional(),
  BILLING_GATE_TOKEN: z.string().optional(),
  AWS_MARKETPLACE_PRODUCT_CODES: listOf(/^[\w-]+$/, 'write product codes, separated by commas').default([]),
  AWS_MARKETPLACE_CLAIM_URL: webUrl.optional(),
  AWS_MARKETPLACE_TOPIC_ARNS: listOf(
    /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d+:[\w.-]+$/,
    'write ARNs like arn:aws:sns:us-east-1:123456789012:topic, separated by commas',
  ).default([]),
  AWS_REGION: pattern(/^[a-z]{2,3}(-[a-z]+)+-\d{1,2}$/, 'write a region like us-east-1').default('us-east-1'),
  AWS_MARKETPLACE_METERING_ENDPOINT: webUrl.optional(),
  AWS_MARKETPLACE_ENTITLEMENT_ENDPOINT: webUrl.optional(),
  AWS_SNS_ENDPOINT: webUrl.optional(),
  EVENTS_RETENTION_DAYS: whole(1, 36_500).default(400),
  METRICS_TOKEN: pattern(/^.{16,}$/, 'write 16 characters or more').optional(),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'),
  LOG_FORMAT: oneOf('auto', 'json', 'pretty').default('auto'),
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

const SEE = '.env.example explains every setting.'
const SETTINGS = Object.keys(environment.shape)

/** Where settings come from. */
export interface SettingsSource {
  /** The environment. It wins over `.env`, with an empty variable too. */
  variables: NodeJS.ProcessEnv
  /** The text of `.env`. */
  dotEnv?: string
  /** Names that `.env` may hold beside ours, for a program that Polity is a part of. */
  alsoKnown?: readonly string[]
}

/**
 * Parses the environment. An empty variable counts as not set, as shells and Compose files mean it.
 * @throws {StartError} naming every bad variable and what it may hold, and every name that is nearly one of ours
 */
export const loadConfig = (variables: NodeJS.ProcessEnv): Config => parseSettings({ variables }).config

/**
 * Reads `.env` from the working directory, where one exists, into the environment, and parses both.
 * @param alsoKnown names that `.env` may hold beside ours, for a program that Polity is a part of
 * @throws {StartError} as {@link loadConfig}, and for lines and names of `.env` that nobody would read
 */
export function readSettings(alsoKnown: readonly string[] = []): Config {
  const { config, dotEnvValues } = parseSettings({ variables: process.env, dotEnv: dotEnvText(), alsoKnown })
  // The AWS SDK reads its own from there.
  for (const [name, value] of Object.entries(dotEnvValues)) process.env[name] ??= value
  return config
}

/** @throws {StartError} */
export function parseSettings({ variables, dotEnv = '', alsoKnown = [] }: SettingsSource): {
  config: Config
  dotEnvValues: Record<string, string>
} {
  const file = parseDotEnv(dotEnv)
  const given = { ...file.values, ...definedOf(variables) }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
  const isKnown = (name: string) => SETTINGS.includes(name) || alsoKnown.includes(name) || isOfAwsSdk(name)
  const misspelled = Object.keys(definedOf(variables)).filter((name) => !isKnown(name) && meantBy(name, SETTINGS))
  const unknown = Object.keys(file.values).filter((name) => !isKnown(name))
  const parsed = environment.safeParse(set)
  const problems = [
    ...file.problems,
    ...[...new Set([...unknown, ...misspelled])].map(noSetting),
    ...wrongValues(set, parsed.error),
  ]
  if (parsed.success && problems.length === 0) return { config: new Config(parsed.data), dotEnvValues: file.values }
  throw new StartError(
    problems.length === 1
      ? `${problems[0]!.replace(/(?<!\?)$/, '.')} ${SEE}`
      : [`${problems.length} settings are wrong. ${SEE}`, ...problems].join('\n  '),
  )
}

/** Names in the environment that begin as settings do, and are none. */
export const namesNotRead = (variables: NodeJS.ProcessEnv): string[] => unreadNames(Object.keys(variables), SETTINGS)

function noSetting(name: string): string {
  const meant = meantBy(name, SETTINGS)
  return `${name} is not the name of a setting` + (meant ? `: did you mean ${meant}?` : '')
}

/** White space around a value comes from a file or a shell, unseen, and is part of a secret then. */
function wrongValues(set: Record<string, string>, error?: z.ZodError): string[] {
  const wanted = new Map(error?.issues.map(({ path, message }) => [String(path[0]), message]))
  for (const name of SETTINGS) {
    const value = set[name]
    if (value !== undefined && value.trim() !== value && !wanted.has(name))
      wanted.set(name, 'remove the white space around it')
  }
  return [...wanted].map(([name, message]) => `${name} is not valid: ${message}`)
}

const definedOf = (variables: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined))

function dotEnvText(): string {
  try {
    return readFileSync('.env', 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new StartError(`.env cannot be read: ${(error as Error).message}`)
  }
}
