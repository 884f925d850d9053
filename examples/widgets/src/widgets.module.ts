import { defineScope, PolityPlugin } from 'polity'
import { CreateWidgets1767000000000 } from './migrations/1767000000000-create-widgets.js'
import { Widget } from './widget.entity.js'
import { widgetCreated, widgetDeleted } from './widget.events.js'
import { addWidgets } from './widgets.commands.js'
import { WidgetsController } from './widgets.controller.js'
import { WidgetsListener } from './widgets.listener.js'
import { widgetLimit, WidgetsQuota } from './widgets.quota.js'
import { WidgetsService } from './widgets.service.js'

/** Widgets, and all that a server gets to know of them. */
@PolityPlugin({
  entities: [Widget],
  controllers: [WidgetsController],
  providers: [WidgetsService, WidgetsListener],
  scopes: [defineScope('widget', { read: 'See widgets', write: 'Change widgets' })],
  events: [widgetCreated, widgetDeleted],
  migrations: [CreateWidgets1767000000000],
  organizationTables: ['widgets'],
  fields: { organization: [widgetLimit] },
  hooks: [WidgetsQuota],
  commands: [addWidgets],
  compatibility: '^0.1.0',
})
export class WidgetsModule {}
