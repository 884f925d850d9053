import { NestFactory } from '@nestjs/core'
import type { INestApplicationContext } from '@nestjs/common'
import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { AppModule } from '../app.module.js'
import { Config, loadConfig, readDotEnv } from '../platform/config/config.js'
import { Connections } from '../platform/database/connections.js'
import { openDatabase } from '../platform/database/open-database.js'
import { ApiError } from '../platform/http/error-catalogue.js'
import { createLogger } from '../platform/logging/logger.js'
import { StartError } from '../platform/start-error.js'
import { addImport } from './import.js'
import { addKeys } from './keys.js'
import { addMigrate } from './migrate.js'
import { addOrganizations } from './organizations.js'
import { addSecrets } from './secrets.js'
import { addServe } from './serve.js'
import { addUsers } from './users.js'

/** What a command works with. */
export interface CommandContext {
  config(): Config
  /** Gives `work` the services on a migrated database, without an HTTP server. */
  withServices<Result>(work: (services: INestApplicationContext) => Promise<Result>): Promise<Result>
  /** Prints a result: the data itself with `--json`, else `text` of it. */
  print<Data>(data: Data, text: (data: Data) => string): void
  note(line: string): void
}

export interface CommandOutput {
  out(text: string): void
  err(text: string): void
}

/** From the package itself: its file stands two folders above this one, in a checkout and where it is installed. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const terminal: CommandOutput = { out: (text) => console.log(text), err: (text) => console.error(text) }

/** Runs a `polity` command line. @returns the exit code; what went wrong is one line on the error output */
export async function run(args: string[], { out, err }: CommandOutput = terminal, given?: Config): Promise<number> {
  const program = new Command('polity')
    .description('Runs Polity and looks after its users, keys and organizations.')
    .version(version, '--version')
    .option('--json', 'print machine-readable JSON')
    .addHelpText(
      'after',
      '\nExample:\n  polity keys create --user ada@example.com --scopes organization:read --label CI',
    )
    .configureOutput({ writeOut: (text) => out(text.trimEnd()), writeErr: (text) => err(text.trimEnd()) })
    .exitOverride()
  const config = () => given ?? (readDotEnv(), loadConfig(process.env))
  const context: CommandContext = {
    config,
    withServices: (work) => withServices(config(), work),
    print: (data, text) => out(args.includes('--json') ? JSON.stringify(data) : text(data)),
    note: err,
  }
  for (const add of [addServe, addMigrate, addUsers, addKeys, addOrganizations, addSecrets, addImport])
    add(program, context)
  for (const command of everyCommand(program)) {
    command.exitOverride().configureOutput(program.configureOutput())
    for (const option of command.options) if (option.mandatory) option.description += ' (required)'
    if (command !== program && command.commands.length === 0) command.option('--json', 'print machine-readable JSON')
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode
    if (!(error instanceof StartError) && !(error instanceof ApiError)) throw error
    const missing = error instanceof ApiError && error.status === 404
    err(
      missing
        ? 'There is nothing of this id. The commands keys list and organizations list say what there is.'
        : error.message,
    )
    return 1
  }
}

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)]

async function withServices<Result>(
  config: Config,
  work: (services: INestApplicationContext) => Promise<Result>,
): Promise<Result> {
  const quiet = new Config({ ...config.values, LOG_LEVEL: 'silent', REDIS_URL: undefined })
  const database = await openDatabase(quiet)
  const connections = new Connections()
  try {
    const module = AppModule.with(database.config, { logger: createLogger(quiet) }, connections)
    const services = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false })
    try {
      return await work(services)
    } finally {
      await services.close()
    }
  } finally {
    await connections.close()
    await database.close()
  }
}
