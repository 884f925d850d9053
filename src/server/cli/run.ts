import { NestFactory } from '@nestjs/core'
import type { INestApplicationContext } from '@nestjs/common'
import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { AppModule } from '../../app.module.js'
import { Config, readSettings } from '../../platform/config/config.js'
import { Connections } from '../../platform/database/connections.js'
import { contactFor } from '../../platform/database/first-contact.js'
import { openDatabase } from '../../platform/database/open-database.js'
import { createLogger } from '../../platform/logging/logger.js'
import { SharedRedis } from '../../platform/redis/redis.module.js'
import { addEvents } from './events.js'
import { failureOf } from './failure.js'
import { addImport } from './import.js'
import { addKeys } from './keys.js'
import { addMigrate } from './migrate.js'
import { addOrganizations } from './organizations.js'
import { addSecrets } from './secrets.js'
import { addServe } from './serve.js'
import { type CommandOutput, OutputClosed, terminal } from './terminal.js'
import { addUsers } from './users.js'

/** For a Redis that does not answer: the servers then learn of a change when what they remember has aged. */
const REDIS_WAIT_MS = 1_000

/** What a command works with. */
export interface CommandContext {
  config(): Config
  /** Gives `work` the services on a migrated database, without an HTTP server. */
  withServices<Result>(work: (services: INestApplicationContext) => Promise<Result>): Promise<Result>
  /** Prints a result: the data itself with `--json`, else `text` of it. */
  print<Data>(data: Data, text: (data: Data) => string): Promise<void>
  /** Prints rows as they come, however many: with `--json` one array, a row a line, else the `text` of each, or `none`. */
  printAll<Row>(pages: AsyncIterable<Row[]>, text: (row: Row) => string, none: string): Promise<void>
  /** Says how far the command is. Silent with `--json`, where the error output holds an error or nothing. */
  note(line: string): void
  /** Shows how far a long command is, on a terminal only and not with `--json`; each text takes the place of the one before. */
  progress(text: string): void
  /** For a command that ran to its end without doing all that was asked for. */
  exitWith(code: number): void
}

/** From the package itself: its file stands two folders above this one, in a checkout and where it is installed. */
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const JSON_OPTION = ['--json', 'print machine-readable JSON, errors too'] as const

/** Runs a `polity` command line. @returns the exit code; what went wrong is one line on the error output */
export async function run(args: string[], output: CommandOutput = terminal(), given?: Config): Promise<number> {
  const json = args.includes('--json')
  const program = new Command('polity')
    .description('Runs Polity and manages its users, keys and organizations.')
    .version(version, '--version')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExample:\n  polity keys create --user ada@example.com --scopes organization:read --label CI',
    )
    .configureOutput({
      writeOut: (text) => void output.out(text.trimEnd()),
      writeErr: (text) => (json ? undefined : output.err(text.trimEnd())),
    })
    .exitOverride()
  let exitCode = 0
  const context = { ...contextOf(output, json, given), exitWith: (code: number) => void (exitCode = code) }
  for (const add of [addServe, addMigrate, addUsers, addKeys, addOrganizations, addSecrets, addEvents, addImport])
    add(program, context)
  for (const command of everyCommand(program)) {
    command.exitOverride().configureOutput(program.configureOutput())
    for (const option of command.options) if (option.mandatory) option.description += ' (required)'
    if (command !== program && command.commands.length === 0) command.option(...JSON_OPTION)
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof OutputClosed) return 0
    const byCommander = error instanceof CommanderError
    if (byCommander && error.exitCode === 0) return 0
    const { sentence, body } = failureOf(error)
    if (json) output.err(JSON.stringify(body))
    else if (!byCommander) output.err(sentence)
    return 1
  }
}

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)]

function contextOf(
  { out, err, progress }: CommandOutput,
  json: boolean,
  given?: Config,
): Omit<CommandContext, 'exitWith'> {
  const config = () => given ?? readSettings()
  return {
    config,
    withServices: (work) => withServices(config(), work),
    print: async (data, text) => out(json ? JSON.stringify(data) : text(data)),
    printAll: async (pages, text, none) => {
      let empty = true
      if (json) await out('[')
      for await (const page of pages) {
        const comma = empty ? '' : ','
        await out(json ? comma + page.map((row) => JSON.stringify(row)).join('\n,') : page.map(text).join('\n'))
        empty = false
      }
      if (json) await out(']')
      else if (empty) await out(none)
    },
    note: json ? () => undefined : err,
    progress: (text) => (json ? undefined : progress?.(text)),
  }
}

async function withServices<Result>(
  config: Config,
  work: (services: INestApplicationContext) => Promise<Result>,
): Promise<Result> {
  const quiet = new Config({ ...config.values, LOG_LEVEL: 'silent' })
  const database = await openDatabase(quiet)
  const connections = new Connections(contactFor(database.config))
  try {
    const module = AppModule.with(database.config, { logger: createLogger(quiet) }, connections)
    const services = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false })
    try {
      // Through it the servers hear at once of a key that was revoked.
      await services.get(SharedRedis).connected(REDIS_WAIT_MS)
      return await work(services)
    } finally {
      await services.close()
    }
  } finally {
    await connections.close()
    await database.close()
  }
}
