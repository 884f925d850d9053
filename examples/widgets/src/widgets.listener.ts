import { Injectable, type OnModuleInit } from '@nestjs/common'
import { Database, EventListeners, memberLeft } from 'polity'
import { Widget } from './widget.entity.js'

/** Takes the widgets of those who leave from them. An event may be heard twice, so this may be done twice. */
@Injectable()
export class WidgetsListener implements OnModuleInit {
  constructor(
    private readonly listeners: EventListeners,
    private readonly database: Database,
  ) {}

  onModuleInit(): void {
    this.listeners.on({ name: 'widgets.release', events: [memberLeft] }, async ({ organization_id, payload }) => {
      const theirs = { organization_id, owner_id: payload.user_id }
      await this.database.transaction((tx) => tx.manager.update(Widget, theirs, { owner_id: null }), theirs)
    })
  }
}
