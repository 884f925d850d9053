import type { INestApplicationContext } from '@nestjs/common'
import type { User } from './user.entity.js'
import { UsersService } from './users.service.js'
import { StartError } from '../../platform/start-error.js'
import type { AddCommands } from '../../platform/cli/command.js'
import { operator } from '../../platform/cli/operator.js'

/** What commands print of a user. */
const summary = ({ id, uuid, email, first_name, last_name, is_active }: User) => ({
  id,
  uuid,
  email,
  first_name,
  last_name,
  is_active,
})

type UserSummary = ReturnType<typeof summary>

const asLine = ({ id, email, first_name, last_name, is_active }: UserSummary): string =>
  `${id}  ${email}  ${`${first_name} ${last_name}`.trim()}${is_active ? '' : '  (deactivated)'}`

const named = ({ id, email }: UserSummary): string => `${id}, ${email || 'without an email address'}`

export const addUsers: AddCommands = (program, { withServices, print, printAll }) => {
  const users = program.command('users').description('manage users')
  users
    .command('create')
    .description('create a user')
    .option('--email <email>', 'their email address, if they have one')
    .requiredOption('--name <name>', 'their first name, and last names after it')
    .action(async ({ email, name }: { email?: string; name: string }) => {
      const [first_name = '', ...others] = name.trim().split(/\s+/)
      const user = await withServices((services) =>
        services.get(UsersService).create(operator, { email, first_name, last_name: others.join(' ') }),
      )
      await print(summary(user), (created) => `Created user ${named(created)}.`)
    })
  users
    .command('list')
    .description('list all users in the order of their ids')
    .action(() => withServices((services) => printAll(summaries(services.get(UsersService)), asLine, 'No users.')))
  for (const [name, description, done] of [
    ['deactivate', 'stop all keys of a user from working, at once', 'Deactivated'],
    ['activate', 'undo deactivate', 'Activated'],
  ] as const)
    users
      .command(`${name} <id-or-email>`)
      .description(description)
      .action(async (idOrEmail: string) => {
        const user = await withServices(async (services) =>
          services.get(UsersService)[name](operator, (await findUser(services, idOrEmail)).id),
        )
        await print(summary(user), (changed) => `${done} user ${named(changed)}.`)
      })
}

async function* summaries(users: UsersService): AsyncGenerator<UserSummary[]> {
  for await (const page of users.all()) yield page.map(summary)
}

/** The largest id that the column holds. */
const MAX_ID = 2_147_483_647

/** Finds a user by id or e-mail address. @throws {StartError} if there is none */
export async function findUser(services: INestApplicationContext, idOrEmail: string): Promise<User> {
  const users = services.get(UsersService)
  const isId = /^\d{1,10}$/.test(idOrEmail) && Number(idOrEmail) <= MAX_ID
  const user = isId ? await users.byId(Number(idOrEmail)) : await users.byEmail(idOrEmail)
  if (!user)
    throw new StartError(`There is no user ${idOrEmail}. Create one with: polity users create --email … --name …`)
  return user
}
