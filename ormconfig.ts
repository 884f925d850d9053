import { DataSource } from 'typeorm'
import { migrationOptions } from './src/platform/database/data-source.js'
import { Plugins } from './src/plugins.js'

/** For the CLI of TypeORM: `npm run typeorm -- migration:show`. The server migrates by itself. */
export default new DataSource(
  migrationOptions(process.env.DATABASE_URL ?? 'postgres://127.0.0.1:5432/polity', new Plugins().migrations),
)
