import { namedQuery } from '../platform/database/fast-path/named-query.js'

/** $1 organization, $2 id, $3 user, $4 level: a new membership; nothing for someone who has one. */
export const newMembership = namedQuery<{ id: string }>(
  'members.new',
  `insert into organization_memberships (organization_id, id, user_id, level) values ($1, $2, $3, $4)
   on conflict (organization_id, user_id) do nothing returning id`,
)

/** $1 organization, $2 user: the same in the directory. */
export const membershipListed = namedQuery(
  'members.listed',
  `insert into user_organizations (user_id, organization_id, organization_created_at)
   select $2, id, created_at from organizations where id = $1 on conflict do nothing`,
)
