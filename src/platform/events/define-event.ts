import type { z } from 'zod'
import type { Changes, DomainEvent, OrganizationActor } from './domain-event.js'

interface Details<Payload> {
  /** The id of what it happened to. */
  item_id?: string | number | null
  /** For a change: the fields that changed. */
  changes?: Changes
  /** May be left out if `{}` satisfies the schema. */
  payload?: Payload
}

/** An event type, as listeners use it. */
export interface DeclaredEvent {
  readonly type: string
  /** A sentence for authors of listeners. */
  readonly description: string
  readonly payload: z.ZodType
}

/** What {@link defineEvent} makes: call it for an event, to give to `tx.publish`. */
export interface EventDefinition<Payload = Record<string, unknown>> extends DeclaredEvent {
  (by: OrganizationActor, details?: Details<Payload>): DomainEvent<Payload>
  readonly payload: z.ZodType<Payload>
}

const definitions = new Map<string, EventDefinition>()

/** Every event that was defined, by its type; `docs/events.md` lists them and a test compares the two. */
export const eventCatalogue: ReadonlyMap<string, EventDefinition> = definitions

/**
 * Adds an event to the catalogue.
 * @param type `<resource>.<what happened>`, past tense
 * @param payload a zod schema of an object: what the event says besides who, when, which item and which fields
 * @example const widgetCreated = defineEvent('widget.created', 'A widget was made.', z.object({ name: z.string() }))
 * tx.publish(widgetCreated(caller, { item_id: widget.id, payload: { name: widget.name } }))
 */
export function defineEvent<Payload extends Record<string, unknown>>(
  type: string,
  description: string,
  payload: z.ZodType<Payload>,
): EventDefinition<Payload> {
  const make = (by: OrganizationActor, { item_id, changes, payload: given }: Details<Payload> = {}) => ({
    type,
    organization_id: by.organization_id,
    item_id: item_id == null ? null : String(item_id),
    payload: payload.parse(given ?? {}),
    changes: changes ?? null,
    by,
  })
  const definition = Object.assign(make, { type, description, payload })
  definitions.set(type, definition as unknown as EventDefinition)
  return definition
}
