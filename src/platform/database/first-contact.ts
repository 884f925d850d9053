import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/config.js'
import { StartError } from '../start-error.js'
import { isDatabaseUnavailable } from './database-errors.js'

/** How long a start waits for its database, and the error when it does not answer. */
export interface Contact {
  withinMs: number
  /** A sentence without its full stop, to which the reason is added. */
  failed: string
  wayOut: string
  /** Is told once that the start is waiting, and why. */
  waiting?: (reason: string) => void
}

const PAUSE_MS = 250
/** Errors of a name server or a network that is still starting, and of pg when an attempt took too long. */
const NOT_YET = /\b(EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)\b|timeout expired/

/** For the operator's own database. */
export const contactOf = (url: string, withinMs = 30_000): Contact => ({
  withinMs,
  failed: `The database at ${withoutPassword(url)} cannot be reached`,
  wayOut: 'Start it, or correct DATABASE_URL; without DATABASE_URL Polity runs its own PostgreSQL.',
})

/** For the database of `config`, whose `DATABASE_URL` is set, by the operator or by us. */
export function contactFor(config: Config): Contact {
  const withinMs = config.get('DATABASE_START_TIMEOUT_MS')
  if (!config.embedded) return contactOf(config.get('DATABASE_URL')!, withinMs)
  return {
    withinMs,
    failed: `The embedded PostgreSQL in ${config.get('DATA_DIR')} does not answer`,
    wayOut: 'Start again, or set DATABASE_START_TIMEOUT_MS to more milliseconds where this machine is slow.',
  }
}

/**
 * Connects, again and again while the database may still be starting.
 * @throws {StartError} when it does not answer in time
 */
export async function reach<Result>(contact: Contact, connect: () => Promise<Result>): Promise<Result> {
  let { waiting } = contact
  for (const deadline = Date.now() + contact.withinMs; ; await sleep(PAUSE_MS)) {
    try {
      return await connect()
    } catch (error) {
      if (!mayComeYet(error)) throw error
      if (Date.now() >= deadline) throw unreached(contact, error)
      waiting?.((error as Error).message)
      waiting = undefined
    }
  }
}

export function unreached({ failed, wayOut }: Contact, error: unknown): StartError {
  return new StartError(`${failed}: ${((error as Error).message || 'no answer').replace(/\.$/, '')}. ${wayOut}`)
}

function mayComeYet(error: unknown): boolean {
  const { code = '', message = '' } = error as NodeJS.ErrnoException
  return isDatabaseUnavailable(error) || NOT_YET.test(code) || NOT_YET.test(message)
}

/** A database URL as a message may show it. */
export function withoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password) shown.password = '***'
  shown.search = ''
  return shown.toString()
}
