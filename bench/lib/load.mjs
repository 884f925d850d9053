import autocannon from 'autocannon'
import { connect } from 'node:net'
import { CONNECTIONS } from './fixtures.mjs'
import { neighbourRequests } from './scenarios.mjs'
import { cpuMs, familyOf } from './processes.mjs'

/**
 * Sends requests on 50 connections for some seconds, each connection the requests of its own, one after another.
 * @param requestsOf the requests of a connection, by its number
 * @param alone each request on a connection that is opened for it and ends with it
 * @param neighbours so many further connections search meanwhile, from before on
 * @param backends process ids of the server's database connections
 */
export async function load(
  { port, pid },
  requestsOf,
  { seconds, amount, alone, neighbours = 0, backends = async () => [] },
) {
  const quiet = neighbours > 0 ? await searchBeside(port, neighbours) : () => undefined
  const family = familyOf(pid)
  const before = cpuMs(family)
  const database = await backends()
  const databaseBefore = cpuMs(database)
  const started = performance.now()
  const send = alone ? sendAlone : sendOnward
  const { latencies, last, errors, statuses } = await send(port, requestsOf, { seconds, amount })
  await quiet()
  latencies.sort((one, other) => one - other)
  const requests = latencies.length
  return {
    requests,
    perSecond: requests / ((last - started) / 1_000),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: (cpuMs(family) - before) / requests,
    databaseCpu: database.length ? (cpuMs(database) - databaseBefore) / requests : undefined,
    errors,
    statuses,
  }
}

async function sendOnward(port, requestsOf, { seconds, amount }) {
  let connection = 0
  const latencies = []
  let last
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
  run.on('response', (_client, _status, _bytes, latencyMs) => {
    latencies.push(latencyMs)
    last = performance.now()
  })
  const { errors, timeouts, statusCodeStats } = await run
  return { latencies, last, errors: errors + timeouts, statuses: Object.keys(statusCodeStats ?? {}).map(Number) }
}

/** @returns what ends the searches */
async function searchBeside(port, connections) {
  const run = autocannon({
    url: `http://127.0.0.1:${port}`,
    connections,
    duration: 60,
    timeout: 30,
    requests: neighbourRequests(),
  })
  await new Promise((resolve) => run.once('response', resolve))
  return async () => {
    run.stop()
    await run
  }
}

async function sendAlone(port, requestsOf, { seconds }) {
  const sent = { latencies: [], last: undefined, errors: 0, statuses: new Set() }
  const end = performance.now() + seconds * 1_000
  const client = async (number) => {
    const requests = requestsOf(number).map(headOf)
    for (let turn = 0; performance.now() < end; turn++) {
      const begun = performance.now()
      const answer = await answerTo(port, requests[turn % requests.length]).catch(() => undefined)
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]
      if (!status) {
        sent.errors++
        continue
      }
      sent.last = performance.now()
      sent.latencies.push(sent.last - begun)
      sent.statuses.add(Number(status))
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => client(number)))
  return { ...sent, statuses: [...sent.statuses] }
}

const headOf = ({ method, path, headers }) =>
  [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries({ host: 'bench.example', connection: 'close', ...headers }).map((pair) => pair.join(': ')),
    '\r\n',
  ].join('\r\n')

function answerTo(port, bytes) {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.once('error', reject)
    socket.once('close', () => resolve(answer))
  })
}

export const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]

export const median = (values) =>
  quantile(
    values.toSorted((one, other) => one - other),
    0.5,
  )
