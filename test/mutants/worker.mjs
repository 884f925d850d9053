/**
 * Runs the tests of one target, in the sandbox: once to see what each covers, then for each mutant that it is sent those
 * that cover it, until one fails. A mutant counts as killed when the same test passes without it right after, or when it
 * has broken the server for two tests.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { collect, prepare, run, tests } from './harness.mjs'

/** What a test may take at least, and how many times as long as without a mutant: a busy machine kills no mutant. */
const TIMEOUT = { atLeastMs: 60_000, times: 10 }
const BASELINE_TIMEOUT_MS = 600_000
/** More rounds of a mutated loop than any test makes. */
const HIT_LIMIT = 200_000
/** What the first worker of a target saw, so that the one that takes its place need not run every test again. */
const BASELINE = process.env.MUTANT_BASELINE

const stryker = (globalThis.__stryker__ ??= {})
const active = process.env.__STRYKER_ACTIVE_MUTANT__

const timeoutOf = (timeMs) => Math.max(TIMEOUT.atLeastMs, TIMEOUT.times * timeMs)

/** @returns why the test failed, or undefined */
async function failureOf(test, mutant, timeoutMs) {
  process.send({ trying: test.name })
  Object.assign(stryker, { activeMutant: mutant, hitCount: 0, hitLimit: HIT_LIMIT })
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), timeoutMs)
  })
  try {
    await Promise.race([run(test), late])
  } catch (error) {
    return String(error?.message ?? error).slice(0, 200)
  } finally {
    clearTimeout(timer)
    stryker.activeMutant = active
  }
}

/** The tests that pass, by their place among all, with what they cover, the quickest first; and what counts while modules load. */
async function baseline() {
  const sound = []
  for (const [index, test] of tests.entries()) {
    await prepare(test)
    stryker.currentTestId = `test ${index}`
    const start = Date.now()
    const failure = await failureOf(test, undefined, BASELINE_TIMEOUT_MS)
    const time = Date.now() - start
    stryker.currentTestId = undefined
    if (failure) process.send({ left: test.name, because: failure })
    else sound.push({ index, time, covers: Object.keys(stryker.mutantCoverage?.perTest[`test ${index}`] ?? {}) })
  }
  sound.sort((one, other) => one.time - other.time)
  return { sound, atStart: Object.keys(stryker.mutantCoverage?.static ?? {}) }
}

/** A mutant that counts when modules load or servers start: it was switched on before anything ran. */
async function fromTheStart({ sound }) {
  for (const { index, time } of sound) {
    const test = tests[index]
    try {
      await prepare(test)
    } catch (error) {
      return { killed: true, by: `before ${test.name}: ${error.message?.slice(0, 200)}` }
    }
    const failure = await failureOf(test, active, timeoutOf(time))
    if (failure) return { killed: true, by: `${test.name}: ${failure}` }
  }
  return { killed: false }
}

async function main() {
  process.on('unhandledRejection', () => undefined)
  await collect(process.argv.slice(2).map((file) => pathToFileURL(file).href))
  if (!existsSync(BASELINE)) writeFileSync(BASELINE, JSON.stringify(await baseline()))
  const known = JSON.parse(readFileSync(BASELINE, 'utf8'))
  if (active !== undefined) {
    process.send(await fromTheStart(known))
    return
  }
  const { sound, atStart } = known
  const covered = [...new Set(sound.flatMap(({ covers }) => covers))]
  process.send({ ready: true, tests: sound.length, covered, atStart })
  process.on('message', async ({ mutant }) => process.send(await tryOut(mutant, sound)))
}

async function tryOut(mutant, sound) {
  const unrepeatable = []
  for (const entry of sound.filter(({ covers }) => covers.includes(mutant))) {
    const test = tests[entry.index]
    await prepare(test)
    const failure = await failureOf(test, mutant, timeoutOf(entry.time))
    if (!failure) continue
    const by = `${test.name}: ${failure}`
    if (failure === 'timeout') return { killed: true, clean: false, by }
    const again = await failureOf(test, undefined, timeoutOf(entry.time))
    if (!again) return { killed: true, clean: true, by }
    if (unrepeatable.push(entry) === 2) return { killed: true, clean: false, by }
  }
  for (const entry of unrepeatable) {
    sound.splice(sound.indexOf(entry), 1)
    process.send({ left: tests[entry.index].name, because: 'fails when it runs again' })
  }
  return { killed: false }
}

main().catch((error) => {
  process.send({ broken: String(error?.stack ?? error) })
  process.exit(1)
})
