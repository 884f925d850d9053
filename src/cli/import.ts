import type { Command } from 'commander'
import { importPostHog, type ImportReport } from '../import/posthog-import.js'
import { Database } from '../platform/database/database.js'
import type { CommandContext } from './run.js'

export function addImport(program: Command, { withServices, print, note }: CommandContext): void {
  program
    .command('import')
    .description('bring in data from elsewhere')
    .command('posthog <file>')
    .description('import users, organizations, memberships, projects and hashed keys, one JSON object a line')
    .action(async (file: string) => {
      const report = await withServices((services) =>
        importPostHog(services.get(Database), file, (done, total) => note(`${done} of ${total} lines…`)),
      )
      await print(report, asText)
    })
}

function asText({ created, unchanged, renumbered, refused }: ImportReport): string {
  const counts = Object.keys(created).map((type) => `${type}: ${created[type]} created, ${unchanged[type]} unchanged`)
  const moved = renumbered.map(({ line, from, to }) => `line ${line}: user ${from} is ${to} here`)
  const refusals = refused.map(({ line, reason }) => `line ${line}: ${reason}`)
  return [...counts, ...moved, `refused: ${refused.length}`, ...refusals].join('\n')
}
