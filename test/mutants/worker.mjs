/**
 * Runs the tests of one target, in the sandbox: once to see what each covers, then for each mutant that it is sent those
 * that cover it, until one fails. A mutant counts as killed when the same test passes without it right after, or when it
 * has broken the server for two tests.
 */
import { pathToFileURL } from 'node:url'
import { collect, prepare, run, tests } from './harness.mjs'

const TEST_TIMEOUT_MS = Number(process.env.MUTANT_TEST_TIMEOUT_MS ?? 60_000)
/** More rounds of a mutated loop than any test makes. */
const HIT_LIMIT = 200_000

const stryker = (globalThis.__stryker__ ??= {})
const active = process.env.__STRYKER_ACTIVE_MUTANT__

/** @returns why the test failed, or undefined */
async function failureOf(test, mutant) {
  Object.assign(stryker, { activeMutant: mutant, hitCount: 0, hitLimit: HIT_LIMIT })
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), TEST_TIMEOUT_MS)
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

/** The tests that pass, with what they cover, the quickest first. */
async function baseline() {
  const sound = []
  for (const [index, test] of tests.entries()) {
    await prepare(test)
    stryker.currentTestId = `test ${index}`
    const start = Date.now()
    const failure = await failureOf(test, undefined)
    const time = Date.now() - start
    stryker.currentTestId = undefined
    if (failure) process.send({ left: test.name, because: failure })
    else
      sound.push({ test, time, covers: new Set(Object.keys(stryker.mutantCoverage?.perTest[`test ${index}`] ?? {})) })
  }
  return sound.sort((one, other) => one.time - other.time)
}

/** A mutant that counts when modules load or servers start: it was switched on before anything ran. */
async function fromTheStart() {
  for (const test of tests) {
    try {
      await prepare(test)
    } catch (error) {
      return { killed: true, by: `before ${test.name}: ${error.message?.slice(0, 200)}` }
    }
    const failure = await failureOf(test, active)
    if (failure) return { killed: true, by: `${test.name}: ${failure}` }
  }
  return { killed: false }
}

async function main() {
  process.on('unhandledRejection', () => undefined)
  await collect(process.argv.slice(2).map((file) => pathToFileURL(file).href))
  if (active !== undefined) {
    process.send(await fromTheStart())
    return
  }
  const sound = await baseline()
  const covered = new Set(sound.flatMap(({ covers }) => [...covers]))
  process.send({
    ready: true,
    tests: sound.length,
    covered: [...covered],
    atStart: Object.keys(stryker.mutantCoverage?.static ?? {}),
  })
  process.on('message', async ({ mutant }) => process.send(await tryOut(mutant, sound)))
}

async function tryOut(mutant, sound) {
  const unrepeatable = []
  for (const entry of sound.filter(({ covers }) => covers.has(mutant))) {
    const { test } = entry
    const failure = await failureOf(test, mutant)
    if (!failure) continue
    const by = `${test.name}: ${failure}`
    if (failure === 'timeout') return { killed: true, clean: false, by }
    const again = await failureOf(test, undefined)
    if (!again) return { killed: true, clean: true, by }
    if (unrepeatable.push(entry) === 2) return { killed: true, clean: false, by }
  }
  for (const entry of unrepeatable) {
    sound.splice(sound.indexOf(entry), 1)
    process.send({ left: entry.test.name, because: 'fails when it runs again' })
  }
  return { killed: false }
}

main().catch((error) => {
  process.send({ broken: String(error?.stack ?? error) })
  process.exit(1)
})
