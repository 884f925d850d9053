/**
 * Mutation tests: `npm run test:mutants [-- src/members/members.service.ts …]`. StrykerJS' instrumenter plants the
 * faults, all of a file at once and each behind a switch; a worker keeps one server and switches them on one at a time.
 * StrykerJS' own Jest runner starts everything again for each mutant and finds no coverage through ES modules.
 */
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { transformSync } from '@swc/core'
import { execFileSync, fork } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { newTestDatabase } from '../../dist/testing/index.js'
import { targets } from './targets.mjs'

/** A worker that says nothing for so long is stuck in a mutant, which is thereby noticed. */
const SILENCE_MS = 300_000
/** Before the first mutant it runs every test. */
const BASELINE_MS = 1_200_000
const silent = new Proxy({}, { get: (_, name) => (String(name).startsWith('is') ? () => false : () => undefined) })

const root = process.cwd()
const box = mkdtempSync(join(tmpdir(), 'polity-mutants-'))
const database = await newTestDatabase(process.env.TEST_SERVER_URL)

function fillSandbox() {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).trim().split('\n')
  for (const file of files) cpSync(file, join(box, file), { recursive: true })
  cpSync('dist', join(box, 'dist'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(box, 'node_modules'))
  for (const file of files.filter((name) => /^(test|src).*\.ts$/.test(name))) compile(file)
}

/** Compiled once, because a worker that compiled everything again would take most of its time for it. */
function compile(file, text = readFileSync(file, 'utf8')) {
  const harness = relative(dirname(file), 'test/mutants/harness.mjs')
  const { code } = transformSync(text.replace('@jest/globals', harness), {
    swcrc: false,
    filename: file,
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    },
    module: { type: 'es6' },
  })
  writeFileSync(join(box, file.replace(/\.ts$/, '.js')), code)
}

/** Starts a worker, and waits for what it says first. */
async function start(tests, environment = {}) {
  const child = fork(
    'test/mutants/worker.mjs',
    tests.map((test) => join(box, `${test}.test.js`)),
    {
      cwd: box,
      env: { ...process.env, ...environment, TEST_DATABASE_URL: database.url },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  )
  return { child, first: await heard(child, BASELINE_MS) }
}

function heard(child, withinMs = SILENCE_MS) {
  return new Promise((resolve) => {
    const done = (message) => {
      clearTimeout(timer)
      child.off('message', listen)
      child.off('exit', exited)
      resolve(message)
    }
    const listen = (message) => (message.left === undefined ? done(message) : console.log('  left out:', message))
    const exited = () => done({ killed: true, clean: false, by: 'the process ended' })
    const timer = setTimeout(() => done({ killed: true, clean: false, by: 'silence' }), withinMs)
    child.on('message', listen)
    child.on('exit', exited)
  })
}

/** Mutates the files of a group together, and tells of each how much of it was noticed. */
async function measure(files, tests) {
  const sources = Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8')]))
  const instrumented = await new Instrumenter(silent).instrument(
    files.map((file) => ({ name: file, mutate: true, content: sources[file] })),
    { ignorers: [], excludedMutations: [], plugins: null },
  )
  for (const { name, content } of instrumented.files) compile(name, content)
  const found = new Map(files.map((file) => [file, []]))
  let worker
  const restart = async () => {
    worker?.child.kill('SIGKILL')
    worker = await start(tests)
    if (!worker.first.ready) throw new Error(`The tests of ${files} do not run: ${JSON.stringify(worker.first)}`)
  }
  await restart()
  const [covered, atStart] = [new Set(worker.first.covered), new Set(worker.first.atStart)]
  console.log(`${files.join(', ')}: ${instrumented.mutants.length} mutants, ${worker.first.tests} tests`)
  for (const { id, fileName, mutatorName, replacement, location } of instrumented.mutants) {
    let result = { killed: false }
    if (covered.has(id)) {
      worker.child.send({ mutant: id })
      result = await heard(worker.child)
      if (result.killed && !result.clean) await restart()
    }
    if (!result.killed && atStart.has(id)) {
      const fresh = await start(tests, { __STRYKER_ACTIVE_MUTANT__: id })
      fresh.child.kill('SIGKILL')
      result = fresh.first
    }
    const line = location.start.line + 1
    const original = sources[fileName].split('\n')[line - 1].trim()
    found.get(fileName).push({ line, mutatorName, original, replacement: replacement.replace(/\s+/g, ' '), ...result })
    const how = covered.has(id) || atStart.has(id) ? 'survived' : 'not covered'
    if (!result.killed)
      console.log(
        `  ${how}: ${fileName}:${line} ${mutatorName}: ${original.slice(0, 90)} → ${replacement.slice(0, 70)}`,
      )
    if (found.get(fileName).length % 20 === 0) summarize(fileName, found.get(fileName))
  }
  worker.child.kill('SIGKILL')
  for (const file of files) {
    compile(file)
    summarize(file, found.get(file))
  }
  return found
}

function summarize(file, found) {
  const killed = found.filter((mutant) => mutant.killed).length
  console.log(`${file}: ${killed} of ${found.length} killed, ${((100 * killed) / found.length).toFixed(1)} %`)
}

const chosen = process.argv.slice(2)
try {
  fillSandbox()
  for (const { files, tests } of targets) {
    const mutated = files.filter((file) => chosen.length === 0 || chosen.includes(file))
    if (mutated.length === 0) continue
    for (const [file, found] of await measure(mutated, tests))
      if (process.env.MUTANTS_REPORT)
        writeFileSync(
          join(process.env.MUTANTS_REPORT, `${file.replaceAll('/', '.')}.json`),
          JSON.stringify(found, null, 1),
        )
  }
} finally {
  await database.close()
  rmSync(box, { recursive: true, force: true })
}
