import type { AddCommands } from '../../platform/cli/command.js'
import type { PluginModule } from '../../plugin-declaration.js'
import { serve } from '../serve.js'

export const serveCommand =
  (plugins: readonly PluginModule[]): AddCommands =>
  (program, { config }) => {
    program
      .command('serve')
      .description('start the server')
      .action(() => serve({ plugins, config: config() }))
  }
