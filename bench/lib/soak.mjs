import { load } from './load.mjs'
import { familyOf, memoryMiB } from './processes.mjs'

const REQUESTS = 1_000_000
const STEP = 100_000
const EARLY = 200_000

/** Sends a server a million requests, reads and writes, and says how its memory grew after the first 200 thousand. */
export async function soak(server, say) {
  const requestsOf = (connection) => server.requests('mix', server.size ?? '10k', connection, server.context)
  const resident = () => memoryMiB(familyOf(server.pid), 'VmRSS')
  let early
  for (let sent = STEP; sent <= REQUESTS; sent += STEP) {
    await load(server, requestsOf, { amount: STEP })
    say(`soak: ${sent.toLocaleString('en')} requests, ${Math.round(resident())} MiB`)
    if (sent === EARLY) early = resident()
  }
  const late = resident()
  const growth = ((late / early - 1) * 100).toFixed(1)
  const row = { server: server.name }
  return [
    { ...row, scenario: 'after 200,000', peak: early },
    { ...row, scenario: 'after 1,000,000', peak: late, note: `${growth} % more than after 200,000` },
  ]
}
