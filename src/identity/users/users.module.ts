import { Global } from '@nestjs/common'
import { defineScope } from '../../access/index.js'
import { PolityPlugin } from '../../plugin.js'
import { InactiveUsers1764300000000 } from './migrations/1764300000000-inactive-users.js'
import { UsersWithoutEmail1764400000000 } from './migrations/1764400000000-users-without-email.js'
import { User } from './user.entity.js'
import { addUsers } from './users.commands.js'
import { UsersService } from './users.service.js'

/** People. They belong to an organization only once they are its members. */
@Global()
@PolityPlugin({
  entities: [User],
  providers: [UsersService],
  exports: [UsersService],
  scopes: [defineScope('user', { read: 'See your user and your keys', write: 'Change your user and your keys' })],
  migrations: [InactiveUsers1764300000000, UsersWithoutEmail1764400000000],
  commands: [addUsers],
})
export class UsersModule {}
