import { Injectable } from '@nestjs/common'
import type { DomainEvent } from './domain-event.js'

/** Hears an event after its transaction has committed, at least once: a listener must bear hearing it again. */
export type EventListener = (event: DomainEvent & { id: string; created_at: Date }) => Promise<void>

/** Who wants to hear what. A module registers its listeners when it starts. */
@Injectable()
export class EventListeners {
  private readonly listeners = new Map<string, EventListener[]>()

  /** @example listeners.on('organization.deleted', async (event) => { ... }) */
  on(type: string, listener: EventListener): void {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener])
  }

  /** The types that somebody hears. */
  types(): string[] {
    return [...this.listeners.keys()]
  }

  of(type: string): readonly EventListener[] {
    return this.listeners.get(type) ?? []
  }
}
