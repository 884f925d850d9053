import { namedQuery } from '../platform/database/fast-path/named-query.js'
import type { MembershipLevel } from './membership-level.js'

export interface AccessRow {
  key_id: string
  scopes: string[]
  scoped_teams: number[]
  scoped_organizations: string[]
  last_used_at: Date | null
  expires_at: Date | null
  user_id: number
  user_uuid: string
  /** The organization meant, whether or not the caller belongs to it; null for `@current` of someone without any. */
  wanted_organization_id: string | null
  level: MembershipLevel | null
  organization_name: string
  members_can_use_personal_api_keys: boolean
  is_active: boolean
  is_not_active_reason: string | null
  is_pending_deletion: boolean
}

/**
 * Everything the guard needs, in one round trip: the key and its user, and, when a route names an organization, the
 * caller's membership of it. $1 the key's hash, $2 an organization's id or null, $3 whether `@current` is meant.
 */
export const accessQuery = namedQuery<AccessRow>(
  'auth.access',
  `select k.id as key_id, k.scopes, k.scoped_teams, k.scoped_organizations::text[] as scoped_organizations, k.last_used_at,
     k.expires_at,     u.id as user_id, u.uuid as user_uuid, wanted.id as wanted_organization_id,
     m.level, o.name as organization_name, o.members_can_use_personal_api_keys, o.is_active, o.is_not_active_reason,
     o.deletion_requested_at is not null as is_pending_deletion
   from personal_api_keys k
   join users u on u.id = k.user_id and u.is_active
   left join lateral (
     select coalesce(
       $2::uuid,
       (select organization_id from user_organizations where user_id = u.id and organization_id = u.current_organization_id),
       (select organization_id from user_organizations where user_id = u.id order by organization_created_at, organization_id limit 1)
     ) as id
     where $2::uuid is not null or $3::boolean
   ) wanted on true
   left join organization_memberships m on m.organization_id = wanted.id and m.user_id = u.id
   left join organizations o on o.id = m.organization_id
   where k.secure_value = $1 and (k.expires_at is null or k.expires_at > now())`,
)
