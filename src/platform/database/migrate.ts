import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import {
  DataSource,
  type EntitySubscriberInterface,
  EventSubscriber,
  type MigrationInterface,
  type TransactionStartEvent,
} from 'typeorm'
import { StartError } from '../start-error.js'
import { sqlState } from './database-errors.js'
import { WatchedClient } from './fast-path/watched-client.js'
import { type Contact, contactOf, reach, unreached } from './first-contact.js'
import { migrationOptions } from './data-source.js'

/** A migration of TypeORM's. Its name ends with the time it was written, in milliseconds, which orders all migrations. */
export type MigrationClass = new () => MigrationInterface

/** Any number, the same on every node: one of them migrates while the others wait. */
const MIGRATION_LOCK = 7_305_804_402
/** The time limit of one attempt to connect. A machine that is busy starting needs seconds. */
const ATTEMPT_MS = 10_000
/** Older versions lack SQL that the schema uses. */
const OLDEST_POSTGRES = 15
/** Lifts the time limits of the role, the database or the server for a transaction. PostgreSQL 17 has one more. */
const WITHOUT_TIMEOUTS = `select set_config(name, '0', true) from pg_settings where name in
  ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`
/** SQLSTATE: insufficient_privilege, and invalid_schema_name where the role sees no schema. */
const NOT_ALLOWED = new Set(['42501', '3F000'])

/**
 * Runs `work` with a connected data source while no other process migrates this database.
 * The lock lives in a connection of its own, so it falls with the process.
 * @throws {StartError} when the database does not answer, or does not fit this build
 */
export async function underMigrationLock<Result>(
  url: string,
  migrations: readonly MigrationClass[],
  work: (dataSource: DataSource) => Promise<Result>,
  contact = contactOf(url),
): Promise<Result> {
  const holder = await connect(url, contact)
  const dataSource = new DataSource({ ...migrationOptions(url, migrations), subscribers: [WithoutTimeouts] })
  try {
    await takeLock(holder)
    await migrationsDone(holder, migrations)
    await reach(contact, () => dataSource.initialize())
    return await work(dataSource)
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy()
    // The server closes the connection, and releases its locks, some time after us. It may be gone already.
    await holder.query('rollback').catch(() => undefined)
    await holder.end()
  }
}

/** Migrations have no time limit, whatever the role or the server sets. */
@EventSubscriber()
class WithoutTimeouts implements EntitySubscriberInterface {
  afterTransactionStart({ queryRunner }: TransactionStartEvent): Promise<unknown> {
    return queryRunner.query(WITHOUT_TIMEOUTS)
  }
}

/**
 * Holds the lock in a transaction that stays open. Behind PgBouncer in transaction mode, a session's lock would stay with a
 * connection that serves another client next. A waiting process asks again and again: meanwhile it holds neither a
 * connection of the pooler nor a snapshot that `create index concurrently` would wait for.
 */
async function takeLock(holder: Client): Promise<void> {
  for (; ; await sleep(100)) {
    await holder.query('begin')
    const { rows } = await holder.query<{ taken: boolean }>('select pg_try_advisory_xact_lock($1) as taken', [
      MIGRATION_LOCK,
    ])
    if (rows[0]!.taken) break
    await holder.query('rollback')
  }
  await holder.query(WITHOUT_TIMEOUTS)
}

/** Brings the schema up to date. @returns the names of the migrations that ran @throws {StartError} */
export async function migrateUp(
  url: string,
  migrations: readonly MigrationClass[],
  contact = contactOf(url),
): Promise<string[]> {
  if (await isUpToDate(url, migrations, contact)) return []
  return underMigrationLock(url, migrations, runPending, contact)
}

/** @returns the names of the migrations that ran @throws {StartError} when the role may not run them */
export async function runPending(dataSource: DataSource): Promise<string[]> {
  try {
    return (await dataSource.runMigrations({ transaction: 'each' })).map(({ name }) => name)
  } catch (error) {
    if (!NOT_ALLOWED.has(sqlState(error) ?? '')) throw error
    throw new StartError(
      `The role of DATABASE_URL may not run the migrations that are pending: ${(error as Error).message}. Run "polity migrate up" once as the owner of the schema, or grant the role CREATE on it.`,
    )
  }
}

/** Spares most starts the lock, and the time to set up TypeORM for migrations. */
async function isUpToDate(url: string, migrations: readonly MigrationClass[], contact: Contact): Promise<boolean> {
  const client = await connect(url, contact)
  try {
    const done = await migrationsDone(client, migrations)
    return migrations.every(({ name }) => done.has(name))
  } finally {
    await client.end()
  }
}

/** @returns the names of the migrations that have run @throws {StartError} for a database that this build cannot work on */
async function migrationsDone(client: Client, migrations: readonly MigrationClass[]): Promise<Set<string>> {
  const { rows: servers } = await client.query<{ version: number; migrated: boolean }>(
    `select current_setting('server_version_num')::integer as version, to_regclass('migrations') is not null as migrated`,
  )
  const { version, migrated } = servers[0]!
  const major = Math.floor(version / 10_000)
  if (major < OLDEST_POSTGRES)
    throw new StartError(
      `The database of DATABASE_URL is PostgreSQL ${major}. Upgrade it to ${OLDEST_POSTGRES} or later, or use another server.`,
    )
  if (!migrated) return new Set()
  const { rows } = await client.query<{ name: string }>('select name from migrations order by id')
  const known = new Set(migrations.map(({ name }) => name))
  const unknown = rows.filter(({ name }) => !known.has(name)).map(({ name }) => name)
  if (unknown.length > 0)
    throw new StartError(
      `The database was migrated by a newer version of Polity, or with a plugin that is missing here (${unknown.join(', ')}). Start that version, or add the plugin; "polity migrate down" undoes a migration there.`,
    )
  return new Set(rows.map(({ name }) => name))
}

async function connect(url: string, contact: Contact): Promise<Client> {
  try {
    return await reach(contact, async () => {
      const client = new WatchedClient({ connectionString: url, connectionTimeoutMillis: ATTEMPT_MS })
      await client.connect()
      return client
    })
  } catch (error) {
    throw error instanceof StartError ? error : unreached(contact, error)
  }
}
