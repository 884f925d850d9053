import { describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { StartError } from './platform/start-error.js'
import { defineSettings } from './platform/config/define-settings.js'
import { namesOf, parseSettings } from './platform/config/parse-settings.js'
import { unreadNames } from './platform/config/setting-names.js'
import { baseUrl } from './platform/config/setting-values.js'
import { platformSettings } from './platform/config/platform.settings.js'
import { Plugins } from './plugins.js'
import { loadConfig, shippedSettings } from './settings.js'

const names = namesOf([platformSettings, ...shippedSettings])

/** What a start says that these settings refuse. */
function refusal(variables: NodeJS.ProcessEnv, dotEnv?: string, settings = shippedSettings): string {
  try {
    parseSettings({ variables, dotEnv, settings })
  } catch (error) {
    expect(error).toBeInstanceOf(StartError)
    return (error as StartError).message
  }
  return 'accepted'
}

describe('loadConfig', () => {
  it('knows what the shipped modules declare', () => {
    expect(new Set(shippedSettings)).toEqual(new Set(new Plugins().settings))
  })

  it('has in .env.example every variable with its default, and no other', async () => {
    const text = await readFile('.env.example', 'utf8')
    const example = parseEnv(text)
    expect(Object.keys(example).sort()).toEqual(names.settings.toSorted())
    expect(loadConfig(example).values).toEqual({
      ...loadConfig({}).values,
      ...Object.fromEntries(Object.entries(loadConfig(example).values).filter(([, value]) => value === undefined)),
    })
    expect(parseSettings({ variables: {}, dotEnv: text, settings: shippedSettings }).config.values).toEqual(
      loadConfig(example).values,
    )
  })

  it.each<[string, string[]]>([
    [
      'PORT',
      ['high', '70000', '-1', ' ', ' 80', '80\n', '0x10', '1e3', '3.0', '+80', '080', '８０', '99999999999999999999'],
    ],
    ['RATE_LIMIT_ENABLED', ['maybe', 'TRUE', 'yes', ' true']],
    ['DATABASE_URL', ['localhost', 'mysql://localhost/polity', 'postgres:localhost', 'postgres://u:p#a@h/polity']],
    ['DATABASE_URL', ['postgres://u:12/3@h/polity', 'postgres://u:12?3@h/polity', 'postgres://u:p@h:70000/polity']],
    ['REDIS_URL', ['http://localhost', 'redis:6379', 'redis:// host']],
    ['TRUSTED_PROXIES', ['true', '10.0.0.0/33', '10.0.0.0/', '10.0.0', 'proxy.internal', '::1/129', ',']],
    [
      'CORS_ORIGINS',
      ['app.example.com', 'localhost:8080', 'https://app.example.com/', 'https://App.example.com', 'null'],
    ],
    [
      'CORS_ORIGINS',
      ['https://app.example.com:443', 'https://*.example.com', 'https://a.example https://b.example', ' '],
    ],
    [
      'PUBLIC_URL',
      ['api.example.com', 'https:api.example.com', 'https:///a', 'https://a.example?x=1', 'https://a.example#x'],
    ],
    ['PUBLIC_URL', ['https://a.example?', 'https://user@a.example', 'https://:secret@a.example', 'https://a.exa mple']],
    ['APP_URL', ['https://a.example/?x=1', 'ftp://a.example']],
    ['BILLING_GATE_URL', ['billing.internal', 'https://user:secret@a.example']],
    ['VERCEL_PLANS', ['usage', '{"id": "a"}']],
    ['VERCEL_SECRET_PREFIX', ['next_public', '1A']],
    ['VERCEL_CLIENT_SECRET', ['secret\n', ' secret', '\t']],
    ['INTEGRATION_ENCRYPTION_KEYS', ['a:tooshort', `a:${'A'.repeat(43)}=,a:${'B'.repeat(43)}=`, ',']],
    [
      'OUTBOUND_PRIVATE_HOSTS',
      ['http://billing.internal', 'billing.internal:80', 'Billing.internal', '*.internal', '10.1'],
    ],
    ['AWS_MARKETPLACE_PRODUCT_CODES', ['a product', ',']],
    ['AWS_MARKETPLACE_TOPIC_ARNS', ['aws-mp-subscription-notification', 'arn:aws:sqs:us-east-1:1:topic']],
    ['AWS_REGION', ['us-east', 'US-EAST-1', 'us-east-1a']],
    ['METRICS_TOKEN', ['short', 'metrics-token-of-a-test\n']],
    ['LOG_LEVEL', ['loud', 'INFO']],
    ['LOG_FORMAT', ['text']],
  ])('refuses a wrong %s by its name, and shows no value', (name, values) => {
    for (const value of values)
      expect([value, refusal({ [name]: value })]).toEqual([
        value,
        expect.stringMatching(
          new RegExp(`^${name} is not valid: [^\\n]+\\. \\.env\\.example explains every setting\\.$`),
        ),
      ])
  })

  it.each([
    ['PORT', '0', 0],
    ['RATE_LIMIT_BURST_PER_MINUTE', '1000000000', 1e9],
    ['RATE_LIMIT_ENABLED', '0', false],
    ['DATABASE_URL', 'postgres://u:p%2F%23@[::1]:5432/polity?sslmode=verify-full', undefined],
    ['DATABASE_URL', 'postgres://%2Fvar%2Frun%2Fpostgresql/polity', undefined],
    ['DATABASE_URL', 'postgresql:///polity?host=/var/run/postgresql', undefined],
    ['REDIS_URL', 'rediss://:secret@cache.example.com:6380/2', undefined],
    [
      'TRUSTED_PROXIES',
      '127.0.0.1, 10.0.0.0/8,::1,fd00::/8,loopback,',
      ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', 'loopback'],
    ],
    ['CORS_ORIGINS', '*', ['*']],
    [
      'CORS_ORIGINS',
      'https://app.example.com,http://localhost:8080,http://[::1]:8080,capacitor://localhost',
      ['https://app.example.com', 'http://localhost:8080', 'http://[::1]:8080', 'capacitor://localhost'],
    ],
    ['PUBLIC_URL', 'https://polity.example.com/base/', 'https://polity.example.com/base'],
    ['BILLING_GATE_URL', 'https://billing.internal/open?from=polity', undefined],
    [
      'OUTBOUND_PRIVATE_HOSTS',
      'billing.internal,localhost,127.0.0.1,::1',
      ['billing.internal', 'localhost', '127.0.0.1', '::1'],
    ],
    ['AWS_REGION', 'us-gov-west-1', undefined],
  ] as const)('takes %s=%s', (name, value, held) => {
    expect(loadConfig({ [name]: value }).values[name]).toEqual(held ?? value)
  })

  it('counts an empty variable as not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '' }).values).toEqual(loadConfig({}).values)
  })

  it('names everything that is wrong at once, each with what it may hold', () => {
    const dotEnv = 'LOG_LEVEL=loud\nHOST 0.0.0.0\nCORS_ORIGIN=https://app.example.com\nREDIS=redis://localhost\n'
    expect(refusal({ PORT: 'high', DATABSE_URL: 'postgres://localhost/polity', CORS_ORIGINS: '' }, dotEnv)).toBe(
      `6 settings are wrong. .env.example explains every setting.
  Line 2 of .env cannot be read: write NAME=value, or a comment that begins with #
  CORS_ORIGIN is not the name of a setting: did you mean CORS_ORIGINS?
  REDIS is not the name of a setting
  DATABSE_URL is not the name of a setting: did you mean DATABASE_URL?
  PORT is not valid: write a whole number from 0 to 65535
  LOG_LEVEL is not valid: write fatal, error, warn, info, debug, trace or silent`,
    )
  })
})

describe('.env', () => {
  const values = (dotEnv: string, variables: NodeJS.ProcessEnv = {}) =>
    parseSettings({ variables, dotEnv, settings: shippedSettings }).config.values

  it('gives way to the environment, also to a variable that is empty there', () => {
    expect(values('PORT=1\nHOST=0.0.0.0', { PORT: '2' })).toMatchObject({ PORT: 2, HOST: '0.0.0.0' })
    expect(values('PORT=1', { PORT: '' })).toMatchObject({ PORT: 3000 })
    expect(values('PORT=1', { PORT: undefined })).toMatchObject({ PORT: 1 })
  })

  it('may hold no name that nobody reads, however far from ours', () => {
    expect(refusal({}, 'UNRELATED=1')).toMatch('UNRELATED is not the name of a setting.')
    expect(refusal({}, 'AWS_SECRT_ACCESS_KEY=1')).toMatch('AWS_SECRT_ACCESS_KEY is not the name of a setting.')
  })

  it('may hold what the AWS SDK reads, and what a plugin declares', () => {
    const acme = defineSettings({ ACME_API_URL: baseUrl })
    expect(refusal({}, 'AWS_ACCESS_KEY_ID=1\nAWS_SECRET_ACCESS_KEY=2\nAWS_ENDPOINT_URL_SNS=3')).toBe('accepted')
    expect(refusal({}, 'ACME_API_URL=https://acme.example', [...shippedSettings, acme])).toBe('accepted')
    expect(refusal({}, 'ACME_API_URL=acme', [...shippedSettings, acme])).toMatch('ACME_API_URL is not valid: ')
  })
})

describe('the environment', () => {
  it.each([
    'DATABSE_URL',
    'DATABASE_UR',
    'DATABASE_URLS',
    'DATABASE_URI',
    'DATABASEURL',
    'ADTABASE_URL',
    'Database_Url',
  ])('may not hold %s, which is nearly the name of a setting', (name) => {
    expect(refusal({ [name]: '' })).toBe(
      `${name} is not the name of a setting: did you mean DATABASE_URL? .env.example explains every setting.`,
    )
  })

  it.each(['PROT', 'HOSTS', 'REDIS_PORT', 'DATABASES_URI', 'UNRELATED', 'AWS_DEFAULT_REGION'])(
    'may hold %s',
    (name) => {
      expect(refusal({ [name]: 'anything' })).toBe('accepted')
    },
  )

  it('has its names listed that begin as settings do and are none', () => {
    const given = [
      'REDIS_PORT',
      'AWS_MARKETPLACE_URL',
      'REDIS_URL',
      'PORT',
      'PATH',
      'AWS_PROFILE',
      'AWS_LAMBDA_LOG',
      'PORTAL',
    ]
    expect(unreadNames(given, names).sort()).toEqual(['AWS_MARKETPLACE_URL', 'REDIS_PORT'])
  })
})
