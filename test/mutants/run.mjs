/**
 * Mutation tests: `npm run test:mutants [-- src/members/members.service.ts …]`. StrykerJS' instrumenter plants the
 * faults, all of a file at once and each behind a switch; a worker keeps one server and switches them on one at a time.
 * StrykerJS' own Jest runner starts everything again for each mutant and finds no coverage through ES modules.
 */
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { transformSync } from '@swc/core'
import { execFileSync, fork } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { newTestDatabase } from '../../dist/testing/index.js'
import { targets } from './targets.mjs'

/** A worker says which test it tries. One that says nothing for so long is stuck in a mutant, which is thereby noticed. */
const SILENCE_MS = 900_000
const silent = new Proxy({}, { get: (_, name) => (String(name).startsWith('is') ? () => false : () => undefined) })

/** Tries only what the reports in MUTANTS_REPORT do not call killed. */
const onlySurvivors = process.argv.includes('--survivors')
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
  return { child, first: await heard(child) }
}

function heard(child) {
  return new Promise((resolve) => {
    const done = (message) => {
      clearTimeout(timer)
      child.off('message', listen)
      child.off('exit', exited)
      resolve(message)
    }
    const listen = (message) => {
      timer.refresh()
      if (message.left) console.log('  left out:', message)
      else if (!message.trying) done(message)
    }
    const exited = () => done({ killed: true, clean: false, by: 'the process ended' })
    const timer = setTimeout(() => done({ killed: true, clean: false, by: 'silence' }), SILENCE_MS)
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
  const mutants = instrumented.mutants.map((mutant) => ({ id: mutant.id, planted: entry(mutant, sources) }))
  const found = onlySurvivors ? stillKilled(files, mutants) : []
  const environment = { MUTANT_BASELINE: join(box, `${basename(files[0])}.json`) }
  let worker
  const restart = async () => {
    worker?.child.kill('SIGKILL')
    worker = await start(tests, environment)
    if (!worker.first.ready) throw new Error(`The tests of ${files} do not run: ${JSON.stringify(worker.first)}`)
  }
  await restart()
  const [covered, atStart] = [new Set(worker.first.covered), new Set(worker.first.atStart)]
  console.log(`${files.join(', ')}: ${mutants.length} mutants, ${worker.first.tests} tests`)
  for (const { id, planted } of mutants) {
    if (found.some((before) => isSame(before, planted))) continue
    let result = { killed: false }
    if (covered.has(id)) {
      worker.child.send({ mutant: id })
      result = await heard(worker.child)
      if (result.killed && !result.clean) await restart()
    }
    if (!result.killed && atStart.has(id)) {
      const fresh = await start(tests, { ...environment, __STRYKER_ACTIVE_MUTANT__: id })
      fresh.child.kill('SIGKILL')
      result = fresh.first
    }
    found.push({ ...planted, ...result })
    const how = covered.has(id) || atStart.has(id) ? 'survived' : 'not covered'
    const { file, line, mutator, original, replacement } = planted
    if (!result.killed)
      console.log(`  ${how}: ${file}:${line} ${mutator}: ${original.slice(0, 90)} → ${replacement.slice(0, 70)}`)
    if (found.length % 20 === 0) summarize(file, found)
  }
  worker.child.kill('SIGKILL')
  for (const file of files) {
    compile(file)
    summarize(file, found)
  }
}

/** What a report says of a mutant, but for what became of it. */
const entry = ({ fileName, mutatorName, replacement, location: { start, end } }, sources) => ({
  file: fileName,
  line: start.line + 1,
  place: `${start.line + 1}:${start.column} to ${end.line + 1}:${end.column}`,
  mutator: mutatorName,
  original: sources[fileName].split('\n')[start.line].trim(),
  replacement: replacement.replace(/\s+/g, ' '),
})
const isSame = (before, planted) => Object.entries(planted).every(([name, value]) => before[name] === value)

const reportOf = (file) => join(process.env.MUTANTS_REPORT, `${file.replaceAll('/', '.')}.json`)

/** What the last report calls killed, as far as it stands where it stood. */
const stillKilled = (files, mutants) =>
  files
    .filter((file) => existsSync(reportOf(file)))
    .flatMap((file) => JSON.parse(readFileSync(reportOf(file), 'utf8')))
    .filter((before) => before.killed && mutants.some(({ planted }) => isSame(before, planted)))

function summarize(file, all) {
  const found = all.filter((mutant) => mutant.file === file)
  const killed = found.filter((mutant) => mutant.killed).length
  console.log(`${file}: ${killed} of ${found.length} killed, ${((100 * killed) / found.length).toFixed(1)} %`)
  if (process.env.MUTANTS_REPORT) writeFileSync(reportOf(file), JSON.stringify(found, null, 1))
}

const chosen = process.argv.slice(2).filter((argument) => argument !== '--survivors')
try {
  fillSandbox()
  for (const { files, tests } of targets) {
    const mutated = files.filter((file) => chosen.length === 0 || chosen.includes(file))
    if (mutated.length > 0) await measure(mutated, tests)
  }
} finally {
  await database.close()
  rmSync(box, { recursive: true, force: true })
}
