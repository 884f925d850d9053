import { createHash } from 'node:crypto'
import type { LoggedEvent } from './events.queries.js'

/** The hash before an organization's first event. */
export const GENESIS = Buffer.alloc(32)

/**
 * The hash of an event in its organization's chain: SHA-256 of everything that it says, its number, and the hash before
 * it. Address and client of a request are left out, so that a person can be erased without breaking the chain.
 */
export function sealOf(event: LoggedEvent, seq: number, before: Buffer): Buffer {
  const content = [
    1,
    before.toString('hex'),
    seq,
    event.organization_id,
    event.id,
    event.type,
    event.item_id,
    event.payload,
    event.changes,
    event.user_id,
    event.credential_kind,
    event.credential_id,
    event.request_id,
    event.created_at,
  ]
  return createHash('sha256').update(JSON.stringify(content)).digest()
}
