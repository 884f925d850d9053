import type { INestApplicationContext } from '@nestjs/common'
import type { Command } from 'commander'
import type { Config } from '../config/config.js'

/** What a command gets to work with. */
export interface CommandContext {
  config: () => Config
  /** Gives `work` the services on a migrated database, without an HTTP server. */
  withServices: <Result>(work: (services: INestApplicationContext) => Promise<Result>) => Promise<Result>
  /** Prints a result: the data itself with `--json`, else `text` of it. */
  print: <Data>(data: Data, text: (data: Data) => string) => Promise<void>
  /** Prints any number of rows as they come: with `--json` as one array with a row on each line, else the `text` of each, or `none`. */
  printAll: <Row>(pages: AsyncIterable<Row[]>, text: (row: Row) => string, none: string) => Promise<void>
  /** Says how far the command is. Silent with `--json`, where the error output holds an error or nothing. */
  note: (line: string) => void
  /** Shows how far a long command is, only on a terminal and without `--json`. Each text replaces the one before. */
  progress: (text: string) => void
  /** Sets the exit code of a command that finished without doing everything it was asked to do. */
  exitWith: (code: number) => void
}

/**
 * Adds the commands of a module to the command line, with Commander.
 * @example
 * ```ts
 * export const addWidgets: AddCommands = (program, { withServices, print }) => {
 *   program.command('widgets count').action(async () => {
 *     const count = await withServices((services) => services.get(WidgetsService).count())
 *     await print({ count }, () => `${count} widgets.`)
 *   })
 * }
 * ```
 */
export type AddCommands = (program: Command, context: CommandContext) => void
