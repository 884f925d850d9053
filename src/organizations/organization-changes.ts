import type { OrganizationChanges } from '../hooks/index.js'
import type { Changes } from '../platform/events/domain-event.js'
import type { UpdateOrganization } from './organization.dto.js'
import type { Organization } from './organization.entity.js'
import { settingNames } from './organization-own-fields.js'

/** The part of `changes` that is about our own fields. */
export const settingsOf = <Given extends UpdateOrganization>(changes: Given): Given =>
  Object.fromEntries(Object.entries(changes).filter(([field]) => settingNames.includes(field as never))) as Given

/** The changes that differ from the row, each with both values. */
export function differenceBetween(before: Organization, changes: UpdateOrganization): Changes & OrganizationChanges {
  const stored = before as unknown as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(changes as Record<string, unknown>)
      .filter(([field, after]) => stored[field] !== after)
      .map(([field, after]) => [field, { before: stored[field], after }]),
  )
}
