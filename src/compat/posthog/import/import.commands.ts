import { type ImportReport, isComplete } from './import-report.js'
import { importPostHog } from './posthog-import.js'
import { LineHooks } from './line-hooks.js'
import { HookChain } from '../../../hooks/index.js'
import { MembersService } from '../../../members/index.js'
import { Database } from '../../../platform/database/database.js'
import type { AddCommands } from '../../../platform/cli/command.js'

export const addImport: AddCommands = (program, { withServices, print, progress, exitWith }) => {
  program
    .command('import')
    .description('bring in data from elsewhere')
    .command('posthog <file>')
    .description(
      'import users, organizations, memberships, projects and hashed keys, one JSON object a line; - is the standard input',
    )
    .option('--state <file>', 'remember in this file how far the import came, and go on from there')
    .action(async (file: string, { state }: { state?: string }) => {
      const report = await withServices((services) =>
        importPostHog(services.get(Database), file, {
          hooks: new LineHooks(services.get(HookChain), services.get(MembersService)),
          state,
          progress: (done, total, linesPerSecond) => progress(howFar(done, total, linesPerSecond)),
        }),
      )
      progress('')
      await print(report, asText)
      if (!isComplete(report)) exitWith(1)
    })
}

const howFar = (done: number, total: number, linesPerSecond: number): string =>
  `${grouped(done)} of ${grouped(total)} lines, ${grouped(linesPerSecond)} a second, ` +
  `${grouped((total - done) / linesPerSecond)} s left`

const grouped = (value: number): string => Math.round(value).toLocaleString('en')

function asText({ created, unchanged, renumbered, renumbered_count, refused, refused_count }: ImportReport): string {
  const counts = Object.keys(created).map((type) => `${type}: ${created[type]} created, ${unchanged[type]} unchanged`)
  const moved = renumbered.map(({ line, from, to }) => `line ${line}: user ${from} is ${to} here`)
  const refusals = refused.map(({ line, reason }) => `line ${line}: ${reason}`)
  return [
    ...counts,
    `new numbers: ${renumbered_count}`,
    ...moved,
    ...andMore(renumbered_count - renumbered.length),
    `refused: ${refused_count}`,
    ...refusals,
    ...andMore(refused_count - refused.length),
  ].join('\n')
}

const andMore = (count: number): string[] => (count > 0 ? [`and ${count} more`] : [])
