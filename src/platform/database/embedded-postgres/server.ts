import type { ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { exitOf, failure, readLog, run, type Setting } from './child-process.js'

/** Failures that pass: another program took the port, or children of a killed PostgreSQL are still ending. */
const PASSING = /could not bind|could not create any TCP\/IP sockets|pre-existing shared memory block/
const NOT_DURABLE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']

/** A PostgreSQL that accepted connections once. */
export interface Server {
  child: ChildProcess
  port: number
  /** Resolves when it has ended, with its exit code, or null after a signal. */
  exit: Promise<number | null>
}

/**
 * Starts PostgreSQL on `givenPort`, by default a free one, and waits until it accepts connections.
 * @throws {StartError} with what PostgreSQL said
 */
export async function startServer(setting: Setting, givenPort?: number): Promise<Server> {
  for (const deadline = Date.now() + 10_000; ; await sleep(250)) {
    const port = givenPort ?? (await freePort())
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
    const child = run('postgres', setting, ['-D', setting.cluster, ...flags.flatMap((flag) => ['-c', flag])])
    const exit = exitOf(child, 'postgres')
    let announceReady: (state: 'ready') => void
    const ready = new Promise<'ready'>((resolve) => (announceReady = resolve))
    const lines = readLog(child, (line) => {
      setting.log(line)
      if (line.includes('database system is ready to accept connections')) announceReady('ready')
    })
    if ((await Promise.race([ready, exit])) === 'ready') {
      // A process that exits without stop(), as on an uncaught error, takes its PostgreSQL along.
      const leave = () => child.kill('SIGINT')
      process.once('exit', leave)
      void exit.then(() => process.removeListener('exit', leave))
      return { child, port, exit }
    }
    if (!PASSING.test(lines.join('\n')) || Date.now() > deadline)
      throw failure(`PostgreSQL in ${setting.cluster} cannot start`, lines)
  }
}

/**
 * Fast shutdown: open transactions are rolled back and everything committed is on disk when it ends. One that takes too
 * long is ended the faster ways, after which the next start recovers from the log.
 */
export async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  const late = setTimeout(() => child.kill('SIGQUIT'), 10_000)
  const tooLate = setTimeout(() => child.kill('SIGKILL'), 12_000)
  await exit
  clearTimeout(late)
  clearTimeout(tooLate)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
