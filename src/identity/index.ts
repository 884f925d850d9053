export {
  COUNTS,
  MAX_KEYS,
  PersonalApiKeysService,
  type NewKey,
  type PersonalApiKeyView,
} from './personal-api-keys/personal-api-keys.service.js'
export { PersonalApiKeysModule } from './personal-api-keys/personal-api-keys.module.js'
export { identityLinked, identityUnlinked } from './users/user.events.js'
export { User } from './users/user.entity.js'
export { findUser } from './users/users.commands.js'
export { UsersModule } from './users/users.module.js'
export { type NewUser, UsersService } from './users/users.service.js'
