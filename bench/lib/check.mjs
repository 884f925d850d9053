import { request } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { polityRequests } from './scenarios.mjs'

/** What no two servers can agree on: ids, secrets and times of what a request has just made. */
const VOLATILE =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|phc_[\w-]+|\d{4}-\d\d-\d\dT[\d:.]+Z|Bench \d+ \d+|bench-\d+-\d+/g

/**
 * Asks two servers the same and compares what they answer: byte by byte for what both read; but for ids and times where
 * each has just written its own.
 * @returns how the bodies differ: undefined, or 'same JSON, other bytes'
 * @throws when the answers differ
 */
export async function compareAnswers(one, other, scenario, size) {
  const [asked] = polityRequests(scenario, size, 0)
  const [ours, theirs] = [await answerOf(one.port, asked), await answerOf(other.port, asked)]
  const writes = asked.method !== 'GET'
  const [body, otherBody] = [ours, theirs].map(({ text }) => (writes ? text.replace(VOLATILE, '*') : text))
  if (ours.status === theirs.status && body === otherBody) return undefined
  if (ours.status === theirs.status && (writes || isDeepStrictEqual(JSON.parse(body), JSON.parse(otherBody))))
    return writes && body !== otherBody ? differ(scenario, ours, theirs) : 'same JSON, other bytes'
  return differ(scenario, ours, theirs)
}

function differ(scenario, ours, theirs) {
  throw new Error(
    `${scenario}: the servers answer differently:\n${ours.status} ${ours.text.slice(0, 2_000)}\n${theirs.status} ${theirs.text.slice(0, 2_000)}`,
  )
}

/** One answer. The host is the same for all, because pages name it in their links. */
export function answerOf(port, { method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, host: 'bench.example' }, agent: false },
      async (response) => {
        const parts = []
        for await (const part of response) parts.push(part)
        resolve({ status: response.statusCode, text: Buffer.concat(parts).toString() })
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })
}
