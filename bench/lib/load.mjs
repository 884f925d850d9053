import autocannon from 'autocannon'
import { CONNECTIONS } from './fixtures.mjs'
import { cpuMs, familyOf } from './processes.mjs'

/**
 * Sends requests on 50 connections for some seconds, each connection the requests of its own, one after another.
 * @param requestsOf the requests of a connection, by its number
 * @param backends process ids of the server's database connections
 */
export async function load({ port, pid }, requestsOf, { seconds, amount, backends = async () => [] }) {
  let connection = 0
  const latencies = []
  const family = familyOf(pid)
  const before = cpuMs(family)
  const database = await backends()
  const databaseBefore = cpuMs(database)
  const started = process.hrtime.bigint()
  const run = autocannon({
    url: `http://127.0.0.1:${port}`,
    connections: CONNECTIONS,
    ...(amount ? { amount } : { duration: seconds }),
    timeout: 30,
    // Its own figures are not used; this is only how soon it notices that the time is over.
    sampleInt: 20,
    excludeErrorStats: true,
    setupClient: (client) => client.setRequests(requestsOf(connection++ % CONNECTIONS)),
  })
  let last = started
  run.on('response', (_client, _status, _bytes, latencyMs) => {
    latencies.push(latencyMs)
    last = process.hrtime.bigint()
  })
  const result = await run
  latencies.sort((one, other) => one - other)
  const requests = latencies.length
  return {
    requests,
    perSecond: requests / (Number(last - started) / 1e9),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: (cpuMs(family) - before) / requests,
    databaseCpu: database.length ? (cpuMs(database) - databaseBefore) / requests : undefined,
    errors: result.errors + result.timeouts,
    statuses: Object.keys(result.statusCodeStats ?? {}).map(Number),
  }
}

export const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

export const median = (values) =>
  quantile(
    values.toSorted((one, other) => one - other),
    0.5,
  )
