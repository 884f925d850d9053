import { Injectable } from '@nestjs/common'
import { Database, holdOpenOrganization, notFound, Organization, uuidv7 } from 'polity'
import type { OrganizationActor, Page, PageRequest } from 'polity'
import type { CreateWidget, WidgetView } from './widget.dto.js'
import { Widget } from './widget.entity.js'
import { limitReached, nameTaken } from './widget.errors.js'
import { widgetCreated, widgetDeleted } from './widget.events.js'
import { widgetLimit } from './widgets.quota.js'

@Injectable()
export class WidgetsService {
  constructor(private readonly database: Database) {}

  async list({ organization_id }: OrganizationActor, page: PageRequest): Promise<Page<WidgetView>> {
    const range = { order: { name: 'asc' as const }, take: page.limit, skip: page.offset }
    const found = await this.database.dataSource.manager.findAndCount(Widget, { where: { organization_id }, ...range })
    return page.answer(found[1], found[0].map(viewOf))
  }

  create(by: OrganizationActor, { name }: CreateWidget): Promise<WidgetView> {
    const { organization_id } = by
    return this.database.transaction(async (tx) => {
      // Nobody else writes here meanwhile: the name stays free until the insert, and the count what it is.
      await holdOpenOrganization(tx, organization_id)
      if (await tx.manager.existsBy(Widget, { organization_id, name })) throw nameTaken()
      const limit = widgetLimit.of(await tx.manager.findOneByOrFail(Organization, { id: organization_id }))
      if ((await tx.manager.countBy(Widget, { organization_id })) >= limit) throw limitReached({ limit })
      const widget: Widget = { organization_id, id: uuidv7(), name, owner_id: by.user?.id ?? null }
      await tx.insert(Widget, widget)
      tx.publish(widgetCreated(by, { item_id: widget.id, payload: { name } }))
      return viewOf(widget)
    }, by)
  }

  delete(by: OrganizationActor, id: string): Promise<void> {
    const { organization_id } = by
    return this.database.transaction(async (tx) => {
      await holdOpenOrganization(tx, organization_id)
      const widget = await tx.lock(Widget, { organization_id, id })
      if (!widget) throw notFound()
      await tx.manager.delete(Widget, { organization_id, id })
      tx.publish(widgetDeleted(by, { item_id: id, payload: { name: widget.name } }))
    }, by)
  }
}

const viewOf = ({ id, name, owner_id }: Widget): WidgetView => ({ id, name, owner_id })
