import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './load.mjs'
import { freePort, startServer } from './processes.mjs'
import { shipped } from './shipped.mjs'

const postgres = new URL('../../dist/platform/database/embedded-postgres.js', import.meta.url).href
const ROUNDS = 3

/**
 * From the start of the process to the first answer, with the embedded PostgreSQL: in an empty folder, and again in the
 * same one. Beside it PostgreSQL's own part: the same without our server. Milliseconds, medians of three.
 */
export async function measureStart() {
  const taken = { first: [], again: [], 'postgres first': [], 'postgres again': [] }
  for (let round = 0; round < ROUNDS; round++) {
    await inNewFolder(async (folder) => {
      taken.first.push(await server(folder))
      taken.again.push(await server(folder))
    })
    await inNewFolder(async (folder) => {
      taken['postgres first'].push(postgresAlone(folder))
      taken['postgres again'].push(postgresAlone(folder))
    })
  }
  return [
    row('first start', taken.first, taken['postgres first']),
    row('start again', taken.again, taken['postgres again']),
  ]
}

const row = (scenario, all, own) => ({
  scenario,
  server: 'ours',
  p50: median(all),
  note: `of it PostgreSQL’s own start ${Math.round(median(own))} ms`,
})

async function server(dataDir) {
  const port = await freePort()
  const env = { DATABASE_URL: '', DATA_DIR: dataDir, PORT: String(port), NODE_ENV: 'production', LOG_FORMAT: 'json' }
  const from = performance.now()
  const started = await startServer(
    'start',
    { command: process.execPath, ...shipped, env, path: '/api/organizations/' },
    port,
  )
  const taken = performance.now() - from
  await started.stop()
  return taken
}

/** Node's own start is left out: the program says how long PostgreSQL took. */
function postgresAlone(dataDir) {
  const program = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(postgres)})
    const from = performance.now()
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} })
    console.log(performance.now() - from)
    await server.stop()`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }))
}

async function inNewFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), 'polity-bench-'))
  // As root, PostgreSQL runs as another user, who has to pass through here.
  await chmod(folder, 0o755)
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
