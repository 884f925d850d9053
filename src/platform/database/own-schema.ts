import type { Client } from 'pg'
import { StartError } from '../start-error.js'
import { sqlState } from './database-errors.js'
import { WatchedClient } from './fast-path/watched-client.js'
import { type Contact, reach } from './first-contact.js'

/** The names that PostgreSQL takes without quotes. */
const NAME = /^[a-z_][a-z0-9_]{0,62}$/
/** SQLSTATE protocol_violation: PgBouncer's answer to options that it does not pass on. */
const UNKNOWN_AT_START = '08P01'
/** SQLSTATE duplicate_schema, and unique_violation: another server made it at the same moment. */
const MADE_MEANWHILE = new Set(['42P06', '23505'])

/**
 * The URL of the same database, whose connections see `schema` and nothing else: neither a table of the application's own
 * nor `public`.
 * @throws {StartError} for a name that would need quotes
 */
export function inSchema(url: string, schema: string): string {
  if (!NAME.test(schema) || schema.startsWith('pg_'))
    throw new StartError(
      `schema "${schema}" is not valid: use up to 63 lower-case letters, digits and underscores, such as "polity".`,
    )
  const inside = new URL(url)
  const options = [inside.searchParams.get('options'), `-c search_path=${schema}`].filter(Boolean).join(' ')
  inside.searchParams.set('options', options)
  // Spaces as PostgreSQL's own tools read them; they take no plus for one.
  inside.search = inside.search.replaceAll('+', '%20')
  return inside.toString()
}

/**
 * Makes the schema where it is missing.
 * @param url as {@link inSchema} made it
 * @throws {StartError} where the role may not, and where connections do not keep to the schema
 */
export async function ensureSchema(url: string, schema: string, contact: Contact): Promise<void> {
  const client = await reach(contact, () => connected(url, schema))
  try {
    const current = async () =>
      (await client.query<{ name: string | null }>('select current_schema() as name')).rows[0]!.name
    const { rows } = await client.query<{ role: string }>('select current_user as role')
    if (rows[0]!.role === schema) throw namedAsRole(schema)
    if ((await current()) === schema) return
    await client.query(`create schema if not exists ${schema}`).catch((error: Error) => {
      if (!MADE_MEANWHILE.has(sqlState(error) ?? '')) throw refused(schema, error)
    })
    if ((await current()) !== schema) throw notKept(schema)
  } finally {
    await client.end()
  }
}

async function connected(url: string, schema: string): Promise<Client> {
  const client = new WatchedClient({ connectionString: url, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
    return client
  } catch (error) {
    throw sqlState(error) === UNKNOWN_AT_START ? notKept(schema) : error
  }
}

const refused = (schema: string, { message }: Error) =>
  new StartError(
    `The schema ${schema} cannot be made: ${message}. Make it as the owner of the database: CREATE SCHEMA ${schema} AUTHORIZATION the role of databaseUrl.`,
  )

/** PostgreSQL looks into the schema of the role's name first, so the application would make its tables there. */
const namedAsRole = (schema: string) =>
  new StartError(
    `The schema ${schema} has the name of the role of databaseUrl, whose other connections would then use it too. Give another schema.`,
  )

const notKept = (schema: string) =>
  new StartError(
    `The connections of databaseUrl do not keep their search_path, as behind a pooler that ignores it. Connect without the pooler, or give Polity a database of its own, with a role that has ALTER ROLE … SET search_path = ${schema}.`,
  )
