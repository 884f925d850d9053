import type { Command } from 'commander'
import { serve } from '../serve.js'
import type { CommandContext } from './run.js'

export function addServe(program: Command, { config }: CommandContext): void {
  program
    .command('serve')
    .description('start the server')
    .action(() => serve(config()))
}
