import type { Command } from 'commander'
import { PersonalApiKeysService, type PersonalApiKeyView } from '../auth/index.js'
import { OrganizationsService } from '../organizations/index.js'
import { StartError } from '../platform/start-error.js'
import type { CommandContext } from './run.js'
import { findUser } from './users.js'

interface NewKeyOptions {
  user: string
  label: string
  scopes: string[]
  organizations?: string[]
  expiresAt?: string
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

const withValue = (key: PersonalApiKeyView): string => `Key ${key.id}, shown only now:\n\n  ${key.value}\n`

export function addKeys(program: Command, { withServices, print }: CommandContext): void {
  const keys = program.command('keys').description('look after personal API keys')
  keys
    .command('create')
    .description('create a key and print it, once')
    .requiredOption('--user <id or email>', 'whose key it is')
    .requiredOption('--label <label>', 'what it is for, up to 40 characters')
    .requiredOption('--scopes <scopes>', 'comma-separated, such as organization:read; * for all', list)
    .option('--organizations <ids>', 'comma-separated: only these organizations', list)
    .option('--expires-at <time>', 'ISO 8601: from then on it is invalid')
    .action(async (options: NewKeyOptions) => {
      const expires_at = options.expiresAt === undefined ? null : new Date(options.expiresAt)
      if (expires_at && Number.isNaN(expires_at.getTime()))
        throw new StartError(`--expires-at ${options.expiresAt} is no time. Write it as 2027-01-31T00:00:00Z.`)
      if (options.label.trim() === '' || [...options.label].length > 40)
        throw new StartError('--label must have 1 to 40 characters.')
      const key = await withServices(async (services) => {
        const user = await findUser(services, options.user)
        const own = (await services.get(OrganizationsService).listBasic(user.id)).map(({ id }) => id)
        const scoped_organizations = (options.organizations ?? []).map((id) => id.toLowerCase())
        if (scoped_organizations.some((id) => !own.includes(id))) {
          throw new StartError('You must be a member of all organizations that you are scoping the key to.')
        }
        const { label, scopes } = options
        return services
          .get(PersonalApiKeysService)
          .create({ user_id: user.id, label, scopes, scoped_organizations, expires_at })
      })
      print(key, withValue)
    })
  keys
    .command('list')
    .description('list keys, newest first, without their values')
    .option('--user <id or email>', 'only this user’s')
    .action(async ({ user }: { user?: string }) => {
      const found = await withServices(async (services) =>
        services.get(PersonalApiKeysService).list(user === undefined ? undefined : (await findUser(services, user)).id),
      )
      print(
        found,
        (all) =>
          all
            .map((key) => [key.id, key.mask_value, `user ${key.user_id}`, key.scopes.join(','), key.label].join('  '))
            .join('\n') || 'No keys.',
      )
    })
  keys
    .command('roll <id>')
    .description('give a key a new value and print it, once; the old one stops working')
    .action(async (id: string) =>
      print(await withServices((services) => services.get(PersonalApiKeysService).roll(id)), withValue),
    )
  keys
    .command('revoke <id>')
    .description('end a key')
    .action(async (id: string) => {
      await withServices((services) => services.get(PersonalApiKeysService).revoke(id))
      print({ id, revoked: true }, () => `Revoked key ${id}.`)
    })
}
