import type { Transaction } from '../database/transaction.js'

/** Who acts: a credential, its user if it has one, and the request that it came with. Every caller is an actor. */
export interface Actor {
  readonly user: { readonly id: number } | null
  readonly credential: { readonly kind: string; readonly id: string }
  readonly origin: { readonly request_id: string; readonly ip: string | null; readonly user_agent: string | null }
  /** The transaction that their work joins, if one has begun: see `tx.for(caller)`. */
  readonly tx?: Transaction
}

/** An actor within an organization. */
export interface OrganizationActor extends Actor {
  readonly organization_id: string
}

/** The value of each changed field before and after. */
export type Changes = Record<string, { before: unknown; after: unknown }>

/**
 * Something that happened in an organization, committed together with the change. It names people by their number and
 * holds no secret, because the log keeps it for `EVENTS_RETENTION_DAYS`.
 */
export interface DomainEvent<Payload = Record<string, unknown>> {
  /** `<resource>.<what happened>`, past tense: `organization.updated`. */
  readonly type: string
  readonly organization_id: string
  /** The id of what it happened to. */
  readonly item_id: string | null
  readonly payload: Payload
  /** For a change: the fields that changed. */
  readonly changes: Changes | null
  readonly by: Actor
}

/**
 * Something that concerns a person rather than an organization: their keys, sign-ins, account. It holds no secret, and is
 * kept for 180 days.
 */
export interface SecurityEvent<Payload = Record<string, unknown>> {
  /** `<subject>.<what happened>` in the past tense: `user.created`. */
  readonly type: string
  /** The person it concerns, who may differ from the one who acted. */
  readonly user_id: number
  readonly payload: Payload
  readonly by: Actor
}

/** An event as its listeners hear it. */
export interface StoredEvent<Payload = Record<string, unknown>> extends DomainEvent<Payload> {
  readonly id: string
  readonly created_at: Date
  /** Its place among the events of its organization: 1, 2, 3, without gaps. */
  readonly seq: number
}

/** The server itself as an actor: a job, a command, or another system without a user. */
export const systemActor = (id: string, request_id: string = id): Actor => ({
  user: null,
  credential: { kind: 'system', id },
  origin: { request_id, ip: null, user_agent: null },
})
