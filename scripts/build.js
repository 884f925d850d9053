/**
 * Builds `dist`. With `--when-changed` only where it is not the build of the sources as they are; with `--check` says that
 * by exit code 1 and builds nothing. Compares contents, because a checkout and a copy change times.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const RECORD = 'dist/.sources.json'
/** The compiler writes it with every build, by whichever command. */
const BUILD_INFO = 'dist/.tsbuildinfo'
const SETTINGS = ['package.json', 'package-lock.json', 'tsconfig.json', 'nest-cli.json']

const hashOf = (file) => (existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : null)
const outputOf = (source) => source.replace(/^src/, 'dist').replace(/\.ts$/, '.js')

/** @returns the hash of everything that a build depends on, by its path */
function sources() {
  const files = readdirSync('src', { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name).replaceAll('\\', '/')).sort()
  return Object.fromEntries([...SETTINGS, ...paths].map((path) => [path, hashOf(path)]))
}

function recorded() {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8'))
  } catch {
    return {}
  }
}

const now = sources()
const before = recorded()
const compiled = Object.keys(now).filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
const isWhole = compiled.every((path) => existsSync(outputOf(path)))
const isBuilt =
  isWhole &&
  JSON.stringify(before.sources) === JSON.stringify(now) &&
  before.buildInfo !== null &&
  before.buildInfo === hashOf(BUILD_INFO)

if (process.argv.includes('--check')) process.exit(isBuilt ? 0 : 1)
if (!isBuilt || !process.argv.includes('--when-changed')) {
  // The compiler leaves what it made of a deleted source, and does not make again what it remembers to have made.
  const isWithoutSource = Object.keys(before.sources ?? {}).some((path) => !(path in now))
  const isIncomplete =
    existsSync(BUILD_INFO) && compiled.some((path) => path in (before.sources ?? now) && !existsSync(outputOf(path)))
  if (isWithoutSource || isIncomplete) rmSync('dist', { recursive: true, force: true })
  rmSync(RECORD, { force: true })
  // npm has the compiler in the PATH of its scripts.
  const { status } = spawnSync('nest build', { shell: true, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(RECORD, JSON.stringify({ buildInfo: hashOf(BUILD_INFO), sources: now }))
}
