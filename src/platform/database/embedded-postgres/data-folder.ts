import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execFileSync } from 'node:child_process'
import { StartError } from '../../start-error.js'

/** A data folder that this process, and no other, may use until {@link release}. */
export interface DataFolderHold {
  /** Where our PostgreSQL listens, for the message to a process that is refused. */
  announce(url: string): void
  release(): void
}

interface Holder {
  pid?: number
  identity?: string
  url?: string
}

/**
 * Takes the folder for this process. Survives `kill -9`: a holder that is dead, or whose process id now belongs to
 * another process, holds nothing.
 *
 * The lock is the file `lock.<n>` with the highest n. Taking over means creating `lock.<n + 1>`, which only one process
 * can do; nobody ever deletes the highest one, so two that find the same stale lock cannot both succeed it.
 * @throws {StartError} naming the process that holds the folder
 */
export function holdDataFolder(dataDir: string): DataFolderHold {
  const holder: Holder = { pid: process.pid, identity: identityOf(process.pid) }
  for (;;) {
    const newest = generations(dataDir).at(-1) ?? 0
    const other = readHolder(lockFile(dataDir, newest))
    if (isHolding(other)) {
      const place = other.url ? `, its PostgreSQL at ${other.url}` : ''
      throw new StartError(
        `The data folder ${dataDir} is in use by process ${other.pid}${place}. Stop that process, or set DATA_DIR to another folder or DATABASE_URL to a PostgreSQL server.`,
      )
    }
    const lock = lockFile(dataDir, newest + 1)
    if (!createWhole(lock, holder)) continue
    // A process that paused between looking and creating may have made a file below the highest.
    if (generations(dataDir).at(-1) !== newest + 1) {
      rmSync(lock, { force: true })
      continue
    }
    for (const older of generations(dataDir)) if (older <= newest) rmSync(lockFile(dataDir, older), { force: true })
    return {
      announce: (url) => replace(lock, { ...holder, url }),
      release: () => replace(lock, {}),
    }
  }
}

/**
 * Ends what a killed server left behind: a PostgreSQL that lives on in `cluster`, or the children of one that was
 * itself killed and whose shared memory keeps the next from starting. Only processes that verifiably work in this
 * folder are signalled.
 * @throws {StartError} when one does not end
 */
export async function endLeftovers(cluster: string): Promise<void> {
  const pid = postmasterPid(cluster)
  const postmaster = () => (pid && isPostgresOf(cluster, pid) ? [pid] : [])
  const ended =
    // SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one, after which it recovers from its log.
    (await end(postmaster, ['SIGINT', 10_000], ['SIGQUIT', 5_000])) &&
    // Orphaned children usually end by themselves; any that do not are stuck.
    (await end(() => postgresProcesses(cluster), [undefined, 3_000], ['SIGQUIT', 5_000], ['SIGKILL', 2_000]))
  if (!ended) {
    const stuck = [...postmaster(), ...postgresProcesses(cluster)].join(', ')
    throw new StartError(
      `A PostgreSQL left over from an earlier run holds ${cluster} and does not end (process ${stuck}). End it, or set DATA_DIR to another folder.`,
    )
  }
  // PostgreSQL would take any process with this id for its predecessor, even a zombie. Where there is /proc, we know that
  // none is.
  const proven = process.platform === 'linux' && pid && postmasterPid(cluster) === pid
  if (proven) rmSync(join(cluster, 'postmaster.pid'), { force: true })
}

const lockFile = (dataDir: string, generation: number) => join(dataDir, `lock.${generation}`)

function generations(dataDir: string): number[] {
  const names = readdirSync(dataDir).filter((name) => /^lock\.\d+$/.test(name))
  return names.map((name) => Number(name.slice('lock.'.length))).sort((a, b) => a - b)
}

function readHolder(lock: string): Holder {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')) as Holder
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // No lock yet, one that a successor has just cleared away, or one that a power failure left empty: all free.
    if (code === 'ENOENT' || error instanceof SyntaxError) return {}
    throw error
  }
}

const isHolding = (holder: Holder) => holder.pid !== undefined && identityOf(holder.pid) === (holder.identity ?? '')

/** Creates the file with its content in one step, so nobody reads half of it; false when it exists already. */
function createWhole(file: string, holder: Holder): boolean {
  const draft = writeDraft(file, holder)
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function replace(file: string, holder: Holder): void {
  try {
    renameSync(writeDraft(file, holder), file)
  } catch (error) {
    // The whole folder was deleted: there is nothing left to hold.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function writeDraft(file: string, holder: Holder): string {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, JSON.stringify(holder) + '\n', { mode: 0o600 })
  return draft
}

/** Tells a living process from a later one with the same id; undefined when there is no such process. */
function identityOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return isAlive(pid) ? 'alive' : undefined
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The second field, the command, may itself contain spaces and parentheses. See proc_pid_stat(5).
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  if (!state || 'ZX'.includes(state)) return undefined
  const startTime = fields[18]
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${startTime}`
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The first line of `postmaster.pid`. https://www.postgresql.org/docs/current/storage-file-layout.html */
function postmasterPid(cluster: string): number | undefined {
  const [pid] = attempt(() => readFileSync(join(cluster, 'postmaster.pid'), 'utf8'))?.split('\n') ?? []
  return Number(pid) > 1 ? Number(pid) : undefined
}

/** Every process of a PostgreSQL has its data directory as working directory, whatever its title says. */
function isPostgresOf(cluster: string, pid: number): boolean {
  if (process.platform === 'linux') {
    // An npm install under a running server leaves its program as "postgres (deleted)".
    const program = attempt(() => basename(readlinkSync(`/proc/${pid}/exe`)))
    return (
      /^postgres( \(deleted\))?$/.test(program ?? '') && attempt(() => readlinkSync(`/proc/${pid}/cwd`)) === cluster
    )
  }
  const command = attempt(() => execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }))
  return command !== undefined && /postgres\S* /.test(command) && command.includes(` ${cluster} `)
}

/** On Linux all of them. Elsewhere children cannot be told apart safely, so they are left to end by themselves. */
function postgresProcesses(cluster: string): number[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => isPostgresOf(cluster, pid))
}

type Stage = [signal: NodeJS.Signals | undefined, timeoutMs: number]

/** Sends each stage's signal to the processes that `find` still finds, and waits; true when none is left. */
async function end(find: () => number[], ...stages: Stage[]): Promise<boolean> {
  for (const [signal, timeoutMs] of stages) {
    if (signal) for (const pid of find()) attempt(() => process.kill(pid, signal))
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(20)) {
      if (find().length === 0) return true
    }
  }
  return false
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}
