import type { DataSource } from 'typeorm'
import type { AddCommands } from '../../platform/cli/command.js'
import { contactFor } from '../../platform/database/first-contact.js'
import { runPending, underMigrationLock } from '../../platform/database/migrate.js'
import { connectOrStart } from '../../platform/database/open-database.js'
import type { Plugins } from '../../plugins.js'

/** The migrations of all plugins. */
export const migrateCommands =
  ({ migrations, migrationsByPlugin }: Plugins): AddCommands =>
  (program, { config, print }) => {
    const migrate = program.command('migrate').description('manage the schema of the database')
    const onDatabase = async <Result>(work: (dataSource: DataSource) => Promise<Result>): Promise<Result> => {
      const database = await connectOrStart(config())
      try {
        const url = database.config.get('DATABASE_URL')!
        return await underMigrationLock(url, migrations, work, contactFor(database.config))
      } finally {
        await database.close()
      }
    }
    const listed = (names: string[]) => names.join('\n') || 'Nothing to do.'

    migrate
      .command('up')
      .description('run every migration that has not run')
      .action(async () => {
        await print(await onDatabase(runPending), listed)
      })
    migrate
      .command('down')
      .description('undo the last migration; what its tables held is lost')
      .action(async () => {
        const undone = await onDatabase(async (dataSource) => {
          const before = await executed(dataSource)
          if (before.length > 0) await dataSource.undoLastMigration({ transaction: 'each' })
          return before.slice(-1)
        })
        await print(undone, listed)
      })
    migrate
      .command('status')
      .description('list the migrations, whose they are, and whether they have run')
      .action(async () => {
        const done = await onDatabase(executed)
        const rows = migrationsByPlugin.map(({ plugin, migration: { name } }) => ({
          name,
          plugin,
          executed: done.includes(name),
        }))
        await print(rows, (all) =>
          all.map((row) => `${row.executed ? 'done   ' : 'pending'}  ${row.name}  ${row.plugin}`).join('\n'),
        )
      })
  }

async function executed(dataSource: DataSource): Promise<string[]> {
  const [table] = await dataSource.query<{ name: string | null }[]>("select to_regclass('migrations') as name")
  if (!table!.name) return []
  const rows: { name: string }[] = await dataSource.query('select name from migrations order by id')
  return rows.map(({ name }) => name)
}
