import { namedQuery } from '../platform/database/fast-path/named-query.js'

/** $1 organization, $2 id, $3 user, $4 level: a new membership; nothing for someone who has one. */
export const newMembership = namedQuery<{ id: string }>(
  'members.new',
  `insert into organization_memberships (organization_id, id, user_id, level) values ($1, $2, $3, $4)
   on conflict (organization_id, user_id) do nothing returning id`,
)

/** $1 organization, $2 user, $3 when the organization was created: the same in the directory. */
export const membershipListed = namedQuery(
  'members.listed',
  `insert into user_organizations (user_id, organization_id, organization_created_at) values ($2, $1, $3)
   on conflict do nothing`,
)

/** $1 organization. Waits for transactions that change it or ask hooks about its members. */
export const heldForHooks = namedQuery(
  'members.hold_for_hooks',
  'select id from organizations where id = $1 for no key update',
)

/** $1 organization, $2 user. */
export const membershipOf = namedQuery<{ id: string }>(
  'members.membership_of',
  'select id from organization_memberships where organization_id = $1 and user_id = $2',
)

/** $1 organization. As text, which keeps the microseconds. */
export const organizationCreation = namedQuery<{ created_at: string }>(
  'members.organization_creation',
  'select created_at::text as created_at from organizations where id = $1',
)
