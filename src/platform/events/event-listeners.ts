import { Injectable } from '@nestjs/common'
import type { DomainEvent } from './domain-event.js'

/** Hears an event after its transaction has committed, at least once: a listener must bear hearing it again. */
export type EventListener = (event: DomainEvent & { id: string; created_at: Date }) => Promise<void>

/** Which listeners hear which events. A module registers its listeners when it starts. */
@Injectable()
export class EventListeners {
  private readonly listeners = new Map<string, Map<string, EventListener>>()

  /**
   * Registers a listener. A listener under a new name hears the events of the last day too, so a name stays what it is.
   * @param name what the outbox remembers as having heard an event; unique among the listeners of a type
   * @throws {Error} when the type has a listener of this name
   * @example listeners.on('organization.deleted', 'acme.stop-billing', async (event) => { ... })
   */
  on(type: string, name: string, listener: EventListener): void {
    const ofType = this.listeners.get(type) ?? new Map<string, EventListener>()
    if (ofType.has(name)) throw new Error(`Two listeners of ${type} are named ${name}. Give each a name of its own.`)
    this.listeners.set(type, ofType.set(name, listener))
  }

  /** The listeners of a type, by name. */
  of(type: string): ReadonlyMap<string, EventListener> {
    return this.listeners.get(type) ?? new Map()
  }

  /** Each listener's type and name, as two lists of the same length. */
  pairs(): { types: string[]; names: string[] } {
    const pairs = [...this.listeners].flatMap(([type, ofType]) => [...ofType.keys()].map((name) => ({ type, name })))
    return { types: pairs.map(({ type }) => type), names: pairs.map(({ name }) => name) }
  }
}
