import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { fingerprint, seed } from './seed.mjs'

const cli = fileURLToPath(new URL('../../dist/server/cli/main.js', import.meta.url))
const dataDir = fileURLToPath(new URL('../.data', import.meta.url))
/** Any number: one bench at a time on a database server, or each would measure the other. */
const BENCH_LOCK = 5_218_700_431

/** The server at DATABASE_URL or TEST_SERVER_URL, otherwise a PostgreSQL of the bench's own in `bench/.data`. */
export async function openServer() {
  const given = process.env.DATABASE_URL || process.env.TEST_SERVER_URL
  const embedded = given ? undefined : await startEmbedded()
  const url = given ?? embedded.url
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const { rows } = await admin.query('select pg_try_advisory_lock($1) as free', [BENCH_LOCK])
  if (!rows[0].free) throw new Error('Another bench runs on this database server. Wait for it, or use another server.')
  return { url, admin, kind: embedded ? 'embedded' : 'server', stop: () => stop(admin, embedded) }
}

/** @returns the URL of a database with the schema and the rows of `size`, made when it is missing or of another bench */
export async function filledDatabase(server, size) {
  const name = `polity_bench_${size}`
  const print = fingerprint(size)
  const { rows } = await server.admin.query(
    `select shobj_description(oid, 'pg_database') as print from pg_database where datname = $1`,
    [name],
  )
  const url = urlOf(server, name)
  if (rows[0]?.print === print) return url
  await dropDatabase(server, name)
  await server.admin.query(`create database ${name}`)
  execFileSync(process.execPath, [cli, 'migrate', 'up'], { env: { ...process.env, DATABASE_URL: url }, stdio: 'pipe' })
  await withClient(url, (client) => seed(client, size))
  await server.admin.query(`comment on database ${name} is '${print}'`)
  return url
}

/** @returns the URL of a copy of the database of `size`, for one server under test alone */
export async function copyDatabase(server, size, forWhom) {
  const name = `polity_bench_for_${forWhom.replace(/\W/g, '_')}`
  await dropDatabase(server, name)
  await server.admin.query(`create database ${name} template polity_bench_${size}`)
  return urlOf(server, name)
}

export const dropDatabase = (server, name) => server.admin.query(`drop database if exists ${name} with (force)`)

export async function dropCopies(server) {
  const { rows } = await server.admin.query(
    `select datname from pg_database where datname like 'polity\\_bench\\_for\\_%'`,
  )
  for (const { datname } of rows) await dropDatabase(server, datname)
}

export async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Process ids of the database's backends, where the server runs on this machine. */
export async function backends(server, url) {
  const { rows } = await server.admin.query('select pid from pg_stat_activity where datname = $1', [
    new URL(url).pathname.slice(1),
  ])
  return rows.map(({ pid }) => pid)
}

function urlOf(server, name) {
  const url = new URL(server.url)
  url.pathname = `/${name}`
  return url.toString()
}

async function startEmbedded() {
  const { startEmbeddedPostgres } = await import('../../dist/platform/database/embedded-postgres.js')
  return startEmbeddedPostgres({ dataDir })
}

async function stop(admin, embedded) {
  await admin.end()
  await embedded?.stop()
}
