import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits for something that happens after the answer, such as a delivery. @returns the first value that `done` accepts
 * @throws {Error} with the last value, after `withinMs`
 */
export async function eventually<Value>(
  read: () => Promise<Value>,
  done: (value: Value) => boolean,
  withinMs = 20_000,
): Promise<Value> {
  for (const deadline = Date.now() + withinMs; ; await sleep(50)) {
    const value = await read()
    if (done(value)) return value
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms; at last: ${JSON.stringify(value)}`)
  }
}
