import { Injectable } from '@nestjs/common'
import { defineOrganizationField, type HookActor, IntegerField, OrganizationHooks } from 'polity'
import type { OrganizationChanges, Transaction } from 'polity'
import { Widget } from './widget.entity.js'
import { limitTooLow } from './widget.errors.js'

/** A field of every organization, shown and changed where its own settings are. */
export const widgetLimit = defineOrganizationField('widget_limit', IntegerField(), 100)

/** Refuses a limit below what the organization has. Its row is held, so nobody adds a widget meanwhile. */
@Injectable()
export class WidgetsQuota extends OrganizationHooks {
  override async beforeUpdate(tx: Transaction, { organization_id }: HookActor, changes: OrganizationChanges) {
    const limit = widgetLimit.changeIn(changes)
    if (!limit) return
    const count = await tx.manager.countBy(Widget, { organization_id })
    if (limit.after < count) throw limitTooLow({ count })
  }
}
