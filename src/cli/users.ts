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
    .requiredOption('--email <email>', 'their address')
    .requiredOption('--name <name>', 'their name')
    .action(async ({ email, name }: { email: string; name: string }) => {
      const [first_name = '', ...others] = name.trim().split(/\s+/)
      if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw new StartError(`${email} is no email address.`)
      const user = await withServices((services) =>
        services.get(UsersDirectory).create({ email, first_name, last_name: others.join(' ') }),
      )
      print({ id: user.id, uuid: user.uuid, email: user.email }, ({ id }) => `Created user ${id}, ${email}.`)
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
