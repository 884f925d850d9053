import { SecretsRewrap } from './secrets-rewrap.js'
import type { AddCommands } from '../platform/cli/command.js'

export const addSecrets: AddCommands = (program, { withServices, print, note }) => {
  program
    .command('secrets')
    .description('manage the secrets of integrations')
    .command('rewrap')
    .description('seal all secrets under the first of INTEGRATION_ENCRYPTION_KEYS; may be interrupted and run again')
    .action(async () => {
      const moved = await withServices((services) => services.get(SecretsRewrap).run((done) => note(`${done} moved`)))
      await print({ moved }, () => `${moved} secrets are now sealed under the current key; the other keys can go.`)
    })
}
