import { PolityPlugin } from './plugin.js'
import { addEvents } from './platform/events/events.commands.js'
import { EventsModule } from './platform/events/events.module.js'
import { OutboxDeliveries1764600000000 } from './platform/events/migrations/1764600000000-outbox-deliveries.js'
import { Events1764900000000 } from './platform/events/migrations/1764900000000-events.js'
import { SecurityEvents1765200000000 } from './platform/events/migrations/1765200000000-security-events.js'
import { TokenSubjects1765000000000 } from './platform/secrets/migrations/1765000000000-token-subjects.js'

/** Declares what `platform/` brings. `platform/` itself knows nothing about plugins. */
@PolityPlugin({
  imports: [EventsModule],
  migrations: [
    OutboxDeliveries1764600000000,
    Events1764900000000,
    TokenSubjects1765000000000,
    SecurityEvents1765200000000,
  ],
  commands: [addEvents],
})
export class PlatformModule {}
