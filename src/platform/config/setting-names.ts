/** Shorter names are near to too many others. */
const SHORTEST_COMPARED = 8

/** Of the AWS SDK, which finds its credentials by them. Source: its packages; a test compares. */
const OF_AWS_SDK = new Set(
  `ACCESS_KEY_ID ACCOUNT_ID ACCOUNT_ID_ENDPOINT_MODE AUTH_SCHEME_PREFERENCE CONFIG_FILE CONTAINER_AUTHORIZATION_TOKEN
  CONTAINER_AUTHORIZATION_TOKEN_FILE CONTAINER_CREDENTIALS_FULL_URI CONTAINER_CREDENTIALS_RELATIVE_URI
  CREDENTIAL_EXPIRATION CREDENTIAL_SCOPE DEFAULTS_MODE DEFAULT_REGION DISABLE_CLOCK_SKEW_CORRECTION EC2_METADATA_DISABLED
  EC2_METADATA_SERVICE_ENDPOINT EC2_METADATA_SERVICE_ENDPOINT_MODE EC2_METADATA_V1_DISABLED ENDPOINT_URL EXECUTION_ENV
  IGNORE_CONFIGURED_ENDPOINT_URLS LAMBDA_FUNCTION_NAME MAX_ATTEMPTS PROFILE REGION RETRY_MODE ROLE_ARN ROLE_SESSION_NAME
  SDK_UA_APP_ID SECRET_ACCESS_KEY SESSION_TOKEN SHARED_CREDENTIALS_FILE USE_DUALSTACK_ENDPOINT USE_FIPS_ENDPOINT
  WEB_IDENTITY_TOKEN_FILE`.split(/\s+/),
)

/** Whether the AWS SDK reads a variable of this name. */
export const isOfAwsSdk = (name: string): boolean =>
  name.startsWith('AWS_') && (OF_AWS_SDK.has(name.slice(4)) || name.startsWith('AWS_ENDPOINT_URL_'))

/** The setting that was meant by a name of which one letter is wrong, missing, too many, or two are swapped. */
export function meantBy(name: string, settings: readonly string[]): string | undefined {
  if (name.length < SHORTEST_COMPARED || settings.includes(name) || isOfAwsSdk(name)) return undefined
  return settings.find((setting) => isNear(name.toUpperCase(), setting))
}

/** Names that begin as settings do and are none, as `REDIS_PORT`: a service manager may have set them, or they are wrong. */
export function unreadNames(names: readonly string[], settings: readonly string[]): string[] {
  const prefixes = settings.filter((setting) => setting.includes('_')).map(prefixOf)
  return names.filter(
    (name) => !settings.includes(name) && !isOfAwsSdk(name) && prefixes.some((prefix) => name.startsWith(prefix)),
  )
}

/** `AWS_` alone begins the names of everything at AWS. */
const prefixOf = (setting: string): string => /^(?:AWS_[A-Z]+|(?!AWS_)[A-Z]+)_/.exec(setting)?.[0] ?? setting

function isNear(name: string, setting: string): boolean {
  let start = 0
  while (start < name.length && name[start] === setting[start]) start++
  const [left, right] = [name.slice(start), setting.slice(start)]
  const [first = '', second = ''] = left
  return (
    left === right ||
    left.slice(1) === right ||
    left === right.slice(1) ||
    left.slice(1) === right.slice(1) ||
    second + first + left.slice(2) === right
  )
}
