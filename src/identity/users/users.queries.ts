import { namedQuery, PAGE } from '../../platform/database/fast-path/named-query.js'
import type { User } from './user.entity.js'

/** $1 user, $2 organization, $3 project: makes these the user’s current ones. */
export const switchUser = namedQuery(
  'users.switch',
  'update users set current_organization_id = $2, current_project_id = $3 where id = $1',
)

/** $1 an id, $2 how many: the users that follow it. */
export const usersAfter = namedQuery<User>(
  'users.after',
  'select * from users where id > $1 order by id limit $2',
  PAGE,
)
