import { compareAnswers } from './lib/check.mjs'
import { dropCopies, filledDatabase, openServer } from './lib/database.mjs'
import { flameGraph } from './lib/flame.mjs'
import { measure, prepare } from './lib/measure.mjs'
import { readOptions } from './lib/options.mjs'
import { relateToEarlier, relateToFloor, relateToQuiet, relateToRetrieve, writeResults } from './lib/results.mjs'
import { soak } from './lib/soak.mjs'
import { measureStart } from './lib/start.mjs'
import { polityRequests } from './lib/scenarios.mjs'
import { tableOf } from './lib/table.mjs'
import { servers as known } from './servers/index.mjs'

const options = readOptions(known.map(({ name }) => name))
const say = (text) => process.stderr.write(`${text}\n`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const chosen = known.filter(({ name }) => options.servers.includes(name))
if (options.install) await install()
const database = await openServer()
const running = []
try {
  for (const size of new Set(chosen.map((server) => server.size ?? '10k'))) {
    say(`data: ${size}`)
    await filledDatabase(database, size)
  }
  for (const server of chosen) {
    say(`start: ${server.name}`)
    running.push(await prepare(database, server))
  }
  await check()
  const rows = running.filter(({ missing }) => !missing).map(atRest)
  for (const scenario of options.scenarios) {
    say(`measure: ${scenario}`)
    rows.push(...(await measure(database, running, scenario, options)))
  }
  const ours = running.find(({ name, missing }) => name === 'ours' && !missing)
  for (const scenario of options.flame && ours ? options.scenarios : [])
    say(`flame graph: ${await flameGraph(database, ours, scenario)}`)
  if (options.soak && ours) rows.push(...(await soak(ours, say)))
  if (options.start) {
    say('measure: start')
    rows.push(...(await measureStart()))
  }
  relateToFloor(rows)
  relateToRetrieve(rows)
  relateToQuiet(rows)
  if (options.compare) relateToEarlier(rows, options.compare)
  const file = writeResults({ database: database.kind, rounds: options.rounds, seconds: options.seconds, rows })
  console.log(tableOf(rows, Boolean(options.compare)))
  say(
    `\nCPU and DB ms: processor time of the server and of its database connections for a request. Written to ${file}.`,
  )
} finally {
  await Promise.all(running.map((server) => server.stop?.()))
  await dropCopies(database)
  await database.stop()
}

/** Memory after the start, before the first request. */
function atRest({ name, atRest }) {
  return { scenario: 'at rest', server: name, peak: atRest }
}

async function install() {
  for (const server of chosen.filter(({ missing }) => missing?.())) {
    say(`install: ${server.name}`)
    try {
      server.install()
    } catch (error) {
      server.missing = () =>
        `could not be installed: ${
          String(error.stderr || error.message)
            .trim()
            .split('\n')[0]
        }`
    }
  }
}

/** The servers that say the same are compared before any is timed; first what they read, before a write is compared. */
async function check() {
  const ours = running.find(({ name, missing }) => name === 'ours' && !missing)
  const others = running.filter(({ same, missing }) => same && !missing)
  const writes = ['create', 'rename']
  const reads = options.scenarios.filter((name) => name !== 'mix' && !writes.includes(name))
  for (const scenario of [...reads, ...writes.filter((name) => options.scenarios.includes(name))]) {
    for (const server of ours && polityRequests(scenario, '10k', 0) ? others : []) {
      const difference = await compareAnswers(ours, server, scenario, '10k', server.same)
      if (difference) say(`check: ${scenario} of ${server.name} and ours: ${difference}`)
    }
  }
}
