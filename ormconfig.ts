import { DataSource } from 'typeorm'
import { dataSourceOptions } from './src/platform/database/data-source.js'

/** What the TypeORM CLI works with: `DATABASE_URL=postgres://… npm run typeorm -- migration:show`. */
export default new DataSource(dataSourceOptions(process.env.DATABASE_URL ?? 'postgres://127.0.0.1:5432/polity', 1))
