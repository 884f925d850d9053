import { Database } from '../database/database.js'
import { failedDeliveries, retryDeliveries } from './events.queries.js'
import { isUuid } from '../values/stored-values.js'
import { StartError } from '../start-error.js'
import type { AddCommands } from '../cli/command.js'

const LISTED = 1_000

export const addEvents: AddCommands = (program, { withServices, print }) => {
  const events = program.command('events').description('list and retry events that a listener could not handle')
  events
    .command('failed')
    .description(`list the deliveries that were given up, oldest first, up to ${LISTED}`)
    .action(async () => {
      const rows = await withServices((services) => services.get(Database).query(failedDeliveries, [LISTED]))
      await print(
        rows,
        (all) =>
          all.map((row) => [row.event_id, row.type, row.subscription, row.last_error ?? ''].join('  ')).join('\n') ||
          'No delivery was given up.',
      )
    })
  events
    .command('retry')
    .description('deliver again the deliveries that were given up')
    .option('--listener <name>', 'only to this listener')
    .option('--event <id>', 'only this event')
    .action(async ({ listener, event }: { listener?: string; event?: string }) => {
      if (event !== undefined && !isUuid(event)) throw new StartError('--event must be the id of an event.')
      const rows = await withServices((services) =>
        services.get(Database).transaction((tx) => tx.query(retryDeliveries, [listener ?? null, event ?? null])),
      )
      await print({ retried: rows.length }, ({ retried }) => `${retried} deliveries are due again.`)
    })
}
