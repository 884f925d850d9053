import type { z } from 'zod'
import type { Actor, SecurityEvent } from './domain-event.js'

/** What {@link defineSecurityEvent} makes: call it for an event, to give to `tx.publish`. */
export interface SecurityEventDefinition<Payload = Record<string, unknown>> {
  /** @param userId the person it concerns, who may differ from the one who acted */
  (by: Actor, userId: number, payload: Payload): SecurityEvent<Payload>
  readonly type: string
  /** A sentence that says what happened, for readers of the log. */
  readonly description: string
  readonly payload: z.ZodType<Payload>
}

const definitions = new Map<string, SecurityEventDefinition>()

/** Every security event that was defined, by its type; `docs/events.md` lists them and a test compares the two. */
export const securityEventCatalogue: ReadonlyMap<string, SecurityEventDefinition> = definitions

/**
 * Adds an event that concerns a person rather than an organization to the catalogue.
 * @param type `<subject>.<what happened>` in the past tense, such as `key.created`
 * @param payload a zod schema of an object: what the event says besides who, when and to whom. It must hold no secret
 * @example const badgeLost = defineSecurityEvent('badge.lost', 'Somebody lost a badge.', z.strictObject({ badge_id: z.string() }))
 * tx.publish(badgeLost(caller, user.id, { badge_id }))
 */
export function defineSecurityEvent<Payload extends Record<string, unknown>>(
  type: string,
  description: string,
  payload: z.ZodType<Payload>,
): SecurityEventDefinition<Payload> {
  const make = (by: Actor, user_id: number, given: Payload) => ({ type, user_id, payload: payload.parse(given), by })
  const definition = Object.assign(make, { type, description, payload })
  definitions.set(type, definition as unknown as SecurityEventDefinition)
  return definition
}
