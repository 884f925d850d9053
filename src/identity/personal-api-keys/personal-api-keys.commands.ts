import { z } from 'zod'
import { PersonalApiKeysService, type PersonalApiKeyView } from './personal-api-keys.service.js'
import { StartError } from '../../platform/start-error.js'
import type { AddCommands } from '../../platform/cli/command.js'
import { findUser } from '../users/users.commands.js'
import { operator } from '../../platform/cli/operator.js'

interface NewKeyOptions {
  user: string
  label: string
  scopes: string[]
  organizations?: string[]
  expiresAt?: Date
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/** Requires a zone: without one, the time would mean another moment on another machine. */
const isoTime = z.union([z.iso.datetime({ offset: true }), z.iso.date()])

/** @throws {StartError} for anything but ISO 8601: `new Date` would take 90 for the year 1990 */
function time(text: string): Date {
  if (!isoTime.safeParse(text).success)
    throw new StartError(
      `--expires-at ${text} is not a time in ISO 8601. Write it as 2027-01-31T00:00:00Z or 2027-01-31.`,
    )
  return new Date(text)
}

const withValue = (key: PersonalApiKeyView): string => `Key ${key.id}, shown only now:\n\n  ${key.value}\n`

const asLine = (key: PersonalApiKeyView): string =>
  [key.id, key.mask_value, `user ${key.user_id}`, key.scopes.join(','), key.label].join('  ')

export const addKeys: AddCommands = (program, { withServices, print, printAll }) => {
  const keys = program.command('keys').description('manage personal API keys')
  keys
    .command('create')
    .description('create a key and print it once')
    .requiredOption('--user <id-or-email>', 'the user whose key it is')
    .requiredOption('--label <label>', 'what the key is for, up to 40 characters')
    .requiredOption('--scopes <scopes>', 'comma-separated, such as organization:read; * for all', list)
    .option('--organizations <ids>', 'comma-separated; the key reaches only these organizations', list)
    .option('--expires-at <time>', 'ISO 8601, in the future; the key stops working then', time)
    .action(async ({ user, label, scopes, organizations, expiresAt }: NewKeyOptions) => {
      const key = await withServices(async (services) =>
        services.get(PersonalApiKeysService).create(operator, {
          user_id: (await findUser(services, user)).id,
          label,
          scopes,
          scoped_organizations: organizations,
          expires_at: expiresAt,
        }),
      )
      await print(key, withValue)
    })
  keys
    .command('list')
    .description('list keys without their values: one user’s, newest first, or all in the order of their ids')
    .option('--user <id-or-email>', 'only this user’s keys')
    .action(({ user }: { user?: string }) =>
      withServices(async (services) => {
        const service = services.get(PersonalApiKeysService)
        const pages = user === undefined ? service.all() : only(await service.list((await findUser(services, user)).id))
        await printAll(pages, asLine, 'No keys.')
      }),
    )
  keys
    .command('roll <id>')
    .description('give a key a new value and print it once; the old value stops working')
    .action(async (id: string) =>
      print(await withServices((services) => services.get(PersonalApiKeysService).roll(operator, id)), withValue),
    )
  keys
    .command('revoke <id>')
    .description('delete a key; it stops working at once')
    .action(async (id: string) => {
      await withServices((services) => services.get(PersonalApiKeysService).revoke(operator, id))
      await print({ id, revoked: true }, () => `Revoked key ${id}.`)
    })
}

async function* only<Row>(page: Row[]): AsyncGenerator<Row[]> {
  if (page.length > 0) yield page
}
