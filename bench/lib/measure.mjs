import { backends, copyDatabase, filledDatabase } from './database.mjs'
import { CONNECTIONS } from './fixtures.mjs'
import { load } from './load.mjs'
import { familyOf, forgetPeak, freePort, memoryMiB, startServer } from './processes.mjs'
import { summary } from './results.mjs'
import { scenarios } from './scenarios.mjs'

/** How long a slow server's round may become, so that each connection gets an answer or two. */
const LONGEST_ROUND_SECONDS = 4

/** Starts a server on a copy of the data. @returns it, running, or with the reason why it is not measured */
export async function prepare(database, server) {
  const missing = await server.missing?.()
  if (missing) return { ...server, missing }
  try {
    const size = server.size ?? '10k'
    const url = await (server.inPlace ? filledDatabase(database, size) : copyDatabase(database, size, server.name))
    const context = await server.fill?.(url, size)
    const port = await freePort()
    const running = await startServer(server.name, await server.command(url, port, context), port)
    return {
      ...server,
      ...running,
      missing: undefined,
      url,
      context,
      atRest: memoryMiB(familyOf(running.pid), 'VmRSS'),
    }
  } catch (error) {
    return { ...server, missing: error.message.split('\n')[0].slice(0, 200) }
  }
}

/** Warms the servers up, then measures them in turn, round after round, so that a slow moment hits all alike. */
export async function measure(database, servers, scenario, { rounds, seconds }) {
  const measured = []
  const rows = []
  for (const server of servers) {
    const requestsOf = (connection) => server.requests(scenario, server.size ?? '10k', connection, server.context)
    if (!server.missing && !requestsOf(0)) continue
    const one = { server, rounds: [], requestsOf }
    measured.push(one)
    if (!server.missing) await attempt(one, () => warmUp(database, one, scenario, seconds))
  }
  const alive = () => measured.filter(({ server, failure }) => !server.missing && !failure)
  for (const { server } of alive()) forgetPeak(familyOf(server.pid))
  for (let round = 0; round < rounds; round++) {
    for (const one of alive())
      await attempt(one, async () => one.rounds.push(await run(database, one, scenario, one.seconds)))
  }
  for (const { server, rounds: done, failure } of measured) {
    const reason = server.missing ?? failure
    if (reason) rows.push({ scenario, server: server.name, note: `not measured: ${reason}` })
    else rows.push(summary(scenario, server.name, done, memoryMiB(familyOf(server.pid), 'VmHWM')))
  }
  return rows
}

/** Also finds out how long a round of this server has to be. */
async function warmUp(database, one, scenario, seconds) {
  const { perSecond } = await run(database, one, scenario, Math.max(1, seconds / 2)).catch((error) => {
    if (!error.tooSlow) throw error
    return run(database, one, scenario, LONGEST_ROUND_SECONDS)
  })
  const enough = one.server.install ? seconds / 2 : seconds
  one.seconds = Math.min(Math.max(enough, (1.5 * CONNECTIONS) / perSecond), LONGEST_ROUND_SECONDS)
}

async function run(database, { server, requestsOf }, scenario, seconds) {
  const { alone, neighbours } = scenarios[scenario]
  const result = await load(server, requestsOf, {
    seconds,
    alone,
    neighbours,
    backends: () => backends(database, server.url),
  })
  const right = server.statuses?.[scenario] ?? scenarios[scenario].statuses
  const wrong = result.statuses.filter((status) => !right.includes(status))
  if (wrong.length > 0) throw new Error(`it answered ${wrong.join(', ')}`)
  if (result.errors > 0) throw new Error(`${result.errors} requests failed`)
  if (result.requests === 0) throw Object.assign(new Error(`no answer within ${seconds} s`), { tooSlow: true })
  return result
}

async function attempt(one, work) {
  try {
    await work()
  } catch (error) {
    one.failure = error.message
  }
}
