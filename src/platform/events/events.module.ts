import { Global, Module } from '@nestjs/common'
import { EventDeliveries } from './event-deliveries.js'
import { EventListeners } from './event-listeners.js'
import { EventLog } from './event-log.js'
import { EventRetention } from './event-retention.js'
import { EventSealer } from './event-sealer.js'

/** The event log and its deliveries: see docs/events.md. */
@Global()
@Module({
  providers: [EventListeners, EventSealer, EventDeliveries, EventRetention, EventLog],
  exports: [EventListeners, EventSealer, EventDeliveries, EventRetention, EventLog],
})
export class EventsModule {}
