import { isAmong, namedQuery, SEARCH } from '../platform/database/fast-path/named-query.js'
import { MembershipLevel } from './membership-level.js'

/** A user, and where they stand in the organization that a request is about. */
export interface Standing {
  user_id: number
  user_uuid: string
  /** The organization that was asked for, whether or not the caller belongs to it; null for none. */
  wanted_organization_id: string | null
  level: MembershipLevel | null
  organization_name: string
  members_can_use_personal_api_keys: boolean
  is_active: boolean
  is_not_active_reason: string | null
  is_pending_deletion: boolean
}

/** The same, with the key that proved who the user is. */
export interface AccessRow extends Standing {
  key_id: string
  /** Empty for a legacy key from an import, which may do everything. */
  scopes: string[]
  scoped_teams: number[]
  scoped_organizations: string[]
  last_used_at: Date | null
  expires_at: Date | null
}

const standing = `u.id as user_id, u.uuid as user_uuid, $2::uuid as wanted_organization_id,
     m.level, o.name as organization_name, o.members_can_use_personal_api_keys, o.is_active, o.is_not_active_reason,
     o.deletion_requested_at is not null as is_pending_deletion`

const membership = `left join organization_memberships m on m.organization_id = $2 and m.user_id = u.id
   left join organizations o on o.id = $2 and m.user_id is not null`

/**
 * Everything the guard needs, in one round trip: the key and its user, and, when a route names an organization, the
 * caller's membership of it. $1 the key's hash, $2 an organization's id or null.
 */
export const accessQuery = namedQuery<AccessRow>(
  'auth.access',
  `select k.id as key_id, k.scopes, k.scoped_teams, k.scoped_organizations::text[] as scoped_organizations, k.last_used_at,
     k.expires_at, ${standing}
   from personal_api_keys k
   join users u on u.id = k.user_id and u.is_active
   ${membership}
   where k.secure_value = $1 and (k.expires_at is null or k.expires_at > now())`,
)

/** The same for a user that an authenticator recognized. $1 the user, $2 an organization's id or null. */
export const standingQuery = namedQuery<Standing>(
  'auth.standing',
  `select ${standing}
   from users u
   ${membership}
   where u.id = $1 and u.is_active`,
)

const current = `coalesce(
     (select organization_id from user_organizations where user_id = u.id and organization_id = u.current_organization_id),
     (select organization_id from user_organizations where user_id = u.id order by organization_created_at, organization_id limit 1)
   ) as organization_id`

/**
 * $1 the key's hash: the organization that `@current` means for its user, null if they belong to none. It runs before
 * {@link accessQuery}, which needs the id because it reads the rows of one organization.
 */
export const currentOrganization = namedQuery<{ organization_id: string | null }>(
  'auth.current_organization',
  `select ${current}
   from personal_api_keys k join users u on u.id = k.user_id where k.secure_value = $1`,
)

/** The same. $1 the user. */
export const currentOrganizationOfUser = namedQuery<{ organization_id: string | null }>(
  'auth.current_organization_of_user',
  `select ${current}
   from users u where u.id = $1`,
)

/** From this level on, a member's keys are accepted whatever the organization says. */
export const EXEMPT = MembershipLevel.Admin

const closed = (level: string): string =>
  `not o.members_can_use_personal_api_keys and coalesce(${level}, 0) < ${EXEMPT}`

/**
 * `PersonalKeyRule.keepsOut` as SQL, of the organization `o`.
 * @param unaffected a parameter for what `PersonalKeyRule.unaffected` says
 * @param level SQL for the member's level, or null
 */
export const keepsOutSql = (unaffected: string, level: string): string =>
  `(${unaffected}::uuid[] is not null and ${closed(level)} and o.id <> all(${unaffected}))`

/**
 * $1 the user, $2 the organizations that the key is scoped to (empty: all), $3 an id, $4 how many: the organizations behind
 * it whose setting keeps the keys of this user out, if they have the feature for it.
 */
export const closedToKeys = namedQuery<{ id: string }>(
  'auth.closed_to_keys',
  `select o.id from organizations o
   where ${isAmong(
     'o.id',
     `select organization_id from user_organizations
      where user_id = $1 and (cardinality($2::uuid[]) = 0 or organization_id = any($2)) and organization_id > $3`,
   )} and ${closed('(select level from organization_memberships m where m.organization_id = o.id and m.user_id = $1)')}
   order by o.id limit $4`,
  SEARCH,
)
