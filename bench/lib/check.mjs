import { request } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { polityRequests } from './scenarios.mjs'

/** What no two servers can agree on: ids, secrets and times of what a request has just made. */
const VOLATILE =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|phc_[\w-]+|(?<="(?:project_)?id":)\d+|\d{4}-\d\d-\d\dT[\d:.]+Z|Bench \d+ \d+|bench-\d+-\d+/g

/**
 * Asks two servers the same and compares what they answer. Where each has just written its own, ids and times may differ.
 * @param same 'bytes', or 'values' for a server that words its errors and times its own way
 * @returns 'same JSON, other bytes' where only that holds although the bytes should be the same
 * @throws when the answers differ
 */
export async function compareAnswers(one, other, scenario, size, same) {
  const [asked] = polityRequests(scenario, size, 0)
  const answers = [await answerOf(one.port, asked), await answerOf(other.port, asked)]
  const masked = asked.method !== 'GET' || same === 'values'
  const [body, otherBody] = answers.map(({ text }) => (masked ? text.replace(VOLATILE, '0') : text))
  const [status, otherStatus] = answers.map((answer) => answer.status)
  if (status === otherStatus && body === otherBody) return undefined
  if (status === otherStatus && same === 'values' && status >= 400) return undefined
  if (status === otherStatus && isDeepStrictEqual(JSON.parse(body), JSON.parse(otherBody)))
    return same === 'bytes' ? 'same JSON, other bytes' : undefined
  const [said, otherSaid] = answers.map(({ text }) => text.slice(0, 2_000))
  throw new Error(`${scenario}: the answers differ:\n${status} ${said}\n${otherStatus} ${otherSaid}`)
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
