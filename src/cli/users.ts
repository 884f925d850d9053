import type { INestApplicationContext } from '@nestjs/common'
import type { Command } from 'commander'
import { type User, UsersDirectory } from '../auth/index.js'
import { StartError } from '../platform/start-error.js'
import type { CommandContext } from './run.js'

export function addUsers(program: Command, { withServices, print }: CommandContext): void {
  program
    .command('users')
    .description('look after users')
    .command('create')
    .description('create a user')
    .option('--email <email>', 'their address, if they have one')
    .requiredOption('--name <name>', 'their name')
    .action(async ({ email, name }: { email?: string; name: string }) => {
      const [first_name = '', ...others] = name.trim().split(/\s+/)
      const user = await withServices((services) =>
        services.get(UsersDirectory).create({ email, first_name, last_name: others.join(' ') }),
      )
      print({ id: user.id, uuid: user.uuid, email: user.email }, ({ id, email }) =>
        email ? `Created user ${id}, ${email}.` : `Created user ${id}, without an e-mail address.`,
      )
    })
}

/** The user of an id or an address. @throws {StartError} when there is none */
export async function findUser(services: INestApplicationContext, idOrEmail: string): Promise<User> {
  const users = services.get(UsersDirectory)
  const user = /^\d{1,9}$/.test(idOrEmail) ? await users.byId(Number(idOrEmail)) : await users.byEmail(idOrEmail)
  if (!user)
    throw new StartError(`There is no user ${idOrEmail}. Create one with: polity users create --email … --name …`)
  return user
}
