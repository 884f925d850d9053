import { Global, Module } from '@nestjs/common'
import { EventListeners } from './event-listeners.js'
import { Outbox } from './outbox.js'

@Global()
@Module({ providers: [EventListeners, Outbox], exports: [EventListeners, Outbox] })
export class EventsModule {}
