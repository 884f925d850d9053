import { isIP } from 'node:net'
import { z } from 'zod'
import type { EncryptionKeys } from '../secrets/keyring.js'

/** A text that `holds` accepts. An error message shows `wanted`, which says what to write, and never the value. */
const text = (wanted: string, holds: (value: string) => boolean) => z.string().refine(holds, { error: wanted })

export const pattern = (form: RegExp, wanted: string) => text(wanted, (value) => form.test(value))

export const oneOf = <const Choices extends readonly [string, ...string[]]>(...choices: Choices) =>
  z.enum(choices, { error: `write ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}` })

export const flag = oneOf('true', 'false', '1', '0').transform((value) => value === 'true' || value === '1')

/** In decimal digits: `Number` alone would read `0x10` and `1e3` too. */
export const whole = (min: number, max: number) =>
  text(
    `write a whole number from ${min} to ${max}`,
    (value) => /^(0|[1-9]\d{0,15})$/.test(value) && Number(value) >= min && Number(value) <= max,
  ).transform(Number)

/** Comma-separated items, at least one. `holds` accepts each. */
export const list = (wanted: string, holds: (item: string) => boolean) =>
  z.string().transform((value, context): string[] => {
    const items = value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)
    if (items.length > 0 && items.every(holds)) return items
    context.addIssue(wanted)
    return z.NEVER
  })

export const listOf = (form: RegExp, wanted: string) => list(wanted, (item) => form.test(item))

const parsed = (value: string): URL | undefined => (URL.canParse(value) ? new URL(value) : undefined)
const WEB = /^https?:\/\/[^\s\\/?#]/i

/** An address on the web, which may hold a query and a fragment. */
export const webUrl = text(
  'write it like https://app.example.com/path',
  (value) => WEB.test(value) && !/\s/.test(value) && parsed(value)?.username === '',
)

/** An address to which paths are appended. The slash at its end is removed. */
export const baseUrl = text('write it like https://app.example.com, without a query or a fragment', (value) => {
  const url = WEB.test(value) && !/[\s?#]/.test(value) ? parsed(value) : undefined
  return url?.username === '' && url.password === ''
}).transform((url) => url.replace(/(?<!\/)\/+$/, ''))

export const redisUrl = text(
  'write it like redis://host:6379',
  (value) => /^rediss?:\/\/[^\s]+$/.test(value) && parsed(value) !== undefined,
)

/** Refuses an unencoded `/`, `?`, `#` or `@` in the password, which would end it early. */
export const databaseUrl = text(
  'write it like postgres://user:password@host:5432/polity, with / ? # @ in the password as %2F %3F %23 %40',
  (value) => {
    const url = /^postgres(ql)?:\/\/[^\s]+$/.test(value) ? parsed(value) : undefined
    return url !== undefined && !url.hash && !url.pathname.includes('@') && !url.search.includes('@')
  },
)

/** Origins as browsers send them, compared as text. `capacitor://localhost` is one too. */
export const origins = list(
  'write origins like https://app.example.com or http://localhost:8080, without a path, separated by commas, or *',
  (item) =>
    item === '*' ||
    (parsed(item)?.origin === item && !item.includes('*')) ||
    (!WEB.test(item) && /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+(:\d{1,5})?$/.test(item)),
)

/** Parsed by the library that Fastify compares addresses with. */
export const networks = list('write addresses or networks like 127.0.0.1,10.0.0.0/8, separated by commas', (item) => {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(item)) return true
  const [address, bits, ...rest] = item.split('/')
  const version = isIP(address!)
  return version > 0 && rest.length === 0 && (bits === undefined || isBits(bits, version === 4 ? 32 : 128))
})

const isBits = (value: string, most: number) => /^\d{1,3}$/.test(value) && Number(value) <= most

/** Host names as they appear in a parsed URL, with which they are compared. */
export const hosts = list(
  'write host names like mail.internal, without a scheme or a port, separated by commas',
  (item) => isIP(item) > 0 || (/^[a-z0-9._-]+$/.test(item) && parsed(`http://${item}`)?.hostname === item),
)

/** `<id>:<32 bytes in base64>`, comma-separated, the current one first. */
export const encryptionKeys = z.string().transform((value, context): EncryptionKeys => {
  const items = value.split(',').map((item) => item.trim())
  const keys = items.filter(Boolean).map((item) => /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(item))
  if (keys.length === 0 || keys.some((key) => !key) || new Set(keys.map((key) => key![1])).size < keys.length) {
    context.addIssue('write each key as <id>:<32 bytes in base64>, its id used once')
    return z.NEVER
  }
  return new Map(keys.map((key) => [key![1]!, Buffer.from(key![2]!, 'base64')]))
})

/** @throws {z.ZodError} */
export const parseEncryptionKeys = (keys: string): EncryptionKeys => encryptionKeys.parse(keys)

export const jsonArray = text('write a JSON array', (value) => {
  try {
    return Array.isArray(JSON.parse(value))
  } catch {
    return false
  }
})
