import { Injectable } from '@nestjs/common'
import {
  Database,
  holdOpenOrganization,
  notFound,
  type OrganizationActor,
  type Page,
  type PageRequest,
  uuidv7,
} from 'polity'
import type { CreateWidget, WidgetView } from './widget.dto.js'
import { Widget } from './widget.entity.js'
import { nameTaken } from './widget.errors.js'
import { widgetCreated, widgetDeleted } from './widget.events.js'

@Injectable()
export class WidgetsService {
  constructor(private readonly database: Database) {}

  async list(
    { organization_id }: OrganizationActor,
    { limit, offset, answer }: PageRequest,
  ): Promise<Page<WidgetView>> {
    const [widgets, count] = await this.database.dataSource.manager.findAndCount(Widget, {
      where: { organization_id },
      order: { name: 'asc' },
      take: limit,
      skip: offset,
    })
    return answer(count, widgets.map(viewOf))
  }

  create(by: OrganizationActor, { name }: CreateWidget): Promise<WidgetView> {
    const { organization_id } = by
    return this.database.transaction(async (tx) => {
      // Nobody else writes here meanwhile, so the name stays free until the insert.
      await holdOpenOrganization(tx, organization_id)
      if (await tx.manager.existsBy(Widget, { organization_id, name })) throw nameTaken()
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
