import { hash, randomBytes } from 'node:crypto'

const PREFIX = 'phx_'

/** A new key: `phx_` and 256 random bits, base64url. */
export const newKeyValue = (): string => `${PREFIX}${randomBytes(32).toString('base64url')}`

/** Whether a text looks like one of our keys. Keys from an import may have another form. */
export const isKeyValue = (value: string): boolean => value.startsWith(PREFIX)

/** What is stored of a key. PostHog's form, so that keys exported from it go on working. */
export const hashKeyValue = (value: string): string => `sha256$${hash('sha256', value, 'hex')}`

/** The part of a key that may be shown; nothing of a short key, which would show too much. */
export const maskKeyValue = (value: string): string =>
  value.length < 16 ? '********' : `${value.slice(0, 4)}...${value.slice(-4)}`
