import { Injectable } from '@nestjs/common'
import { StartError } from '../start-error.js'
import type { EventDefinition } from './define-event.js'
import type { StoredEvent } from './domain-event.js'

/** Hears an event after its transaction has committed, at least once: it must be safe to hear an event again. */
export type EventListener<Payload = Record<string, unknown>> = (event: StoredEvent<Payload>) => Promise<void>

/** A listener's name, and what it hears. */
export interface Subscription<Payloads extends readonly unknown[]> {
  /** `<module>.<what it does>`. Never change it: its deliveries are stored under this name. */
  name: string
  events: readonly [...{ [Index in keyof Payloads]: EventDefinition<Payloads[Index]> }]
  /** Whether it hears the events of an organization one at a time, in order. Default: false. */
  ordered?: boolean
  /** For how many days a delivery that fails is tried again before it is given up. Default: 3. */
  days?: number
}

export interface RegisteredListener {
  name: string
  types: readonly string[]
  ordered: boolean
  days: number
  hear: EventListener
}

/** The listeners and what they hear. A module registers its listeners in `onModuleInit`. */
@Injectable()
export class EventListeners {
  private readonly listeners = new Map<string, RegisteredListener>()
  private sealed = false

  /**
   * @example listeners.on({ name: 'acme.welcome', events: [organizationCreated] }, async (event) => { ... })
   * @throws {StartError} for a name that is taken, and after the application has started
   */
  on<Payloads extends readonly unknown[]>(
    { name, events, ordered = false, days = 3 }: Subscription<Payloads>,
    hear: EventListener<Payloads[number]>,
  ): void {
    if (this.sealed) throw new StartError(`The listener ${name} came too late: register it in onModuleInit.`)
    if (this.listeners.has(name)) throw new StartError(`Two listeners are named ${name}: rename one of them.`)
    const types = events.map(({ type }) => type)
    this.listeners.set(name, { name, types, ordered, days, hear })
  }

  /** All listeners. After this call none can be added. */
  all(): RegisteredListener[] {
    this.sealed = true
    return [...this.listeners.values()]
  }
}
