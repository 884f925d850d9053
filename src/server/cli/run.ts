import { NestFactory } from '@nestjs/core'
import type { INestApplicationContext } from '@nestjs/common'
import { Command, CommanderError } from 'commander'
import type { CommandContext } from '../../platform/cli/command.js'
import type { Config } from '../../platform/config/config.js'
import { Connections } from '../../platform/database/connections.js'
import { contactFor } from '../../platform/database/first-contact.js'
import { openDatabase } from '../../platform/database/open-database.js'
import { createLogger } from '../../platform/logging/logger.js'
import { SharedRedis } from '../../platform/redis/redis.module.js'
import type { PluginModule } from '../../plugin-declaration.js'
import { Plugins } from '../../plugins.js'
import { readSettings } from '../../settings.js'
import { VERSION } from '../../version.js'
import { ServerModule } from '../server.module.js'
import { failureOf } from './failure.js'
import { migrateCommands } from './migrate.js'
import { serveCommand } from './serve.js'
import { type CommandOutput, OutputClosed, terminal } from './terminal.js'

/** If Redis does not answer, the servers learn of a change when their cached entries expire. */
const REDIS_WAIT_MS = 1_000

const JSON_OPTION = ['--json', 'print machine-readable JSON, errors too'] as const

export interface CliOptions {
  /** What they add to the command line, and to the server that `serve` starts. */
  plugins?: readonly PluginModule[]
  /** Default: the process's own outputs. */
  output?: CommandOutput
  /** Default: read from the environment and `.env`, once a command needs it. */
  config?: Config
}

/**
 * The command line of `polity` with what plugins add to it. Sets the exit code of the process.
 * @example await runCli({ plugins: [WidgetsModule] })
 */
export async function runCli({ plugins }: Pick<CliOptions, 'plugins'> = {}): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), { plugins })
}

/** Runs one command line. @returns the exit code; what went wrong is one line on the error output */
export async function run(
  args: string[],
  { plugins: others = [], output = terminal(), config }: CliOptions = {},
): Promise<number> {
  const json = args.includes('--json')
  const program = new Command('polity')
    .description('Runs Polity and manages its users, keys and organizations.')
    .version(VERSION, '--version')
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
  try {
    const plugins = new Plugins(others)
    const context = {
      ...contextOf(output, json, plugins, () => config ?? readSettings({ plugins: others })),
      exitWith: (code: number) => void (exitCode = code),
    }
    for (const add of [serveCommand(others), migrateCommands(plugins), ...plugins.commands]) add(program, context)
    for (const command of everyCommand(program)) {
      command.exitOverride().configureOutput(program.configureOutput())
      for (const option of command.options) if (option.mandatory) option.description += ' (required)'
      if (command !== program && command.commands.length === 0) command.option(...JSON_OPTION)
    }
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
  plugins: Plugins,
  config: () => Config,
): Omit<CommandContext, 'exitWith'> {
  return {
    config,
    withServices: (work) => withServices(config(), plugins, work),
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
  plugins: Plugins,
  work: (services: INestApplicationContext) => Promise<Result>,
): Promise<Result> {
  const quiet = config.with({ LOG_LEVEL: 'silent' })
  const database = await openDatabase(quiet, async () => plugins.migrations)
  const connections = new Connections(contactFor(database.config))
  try {
    const module = ServerModule.with(database.config, plugins, { logger: createLogger(quiet), connections })
    const services = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false })
    try {
      // Through Redis, servers learn at once that a command has revoked a key.
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
