import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { StartError } from '../../start-error.js'
import { program, programEnvironment, WAY_OUT } from './program.js'
import type { SystemUser } from './system-user.js'

/** One embedded PostgreSQL, as its programs need to know it. */
export interface Setting {
  dataDir: string
  cluster: string
  durable: boolean
  log: (line: string) => void
  /** The user that PostgreSQL runs as, where it cannot run as ours. */
  user?: SystemUser
}

/** Starts one of the programs, as the user that it may run as. Its log comes on the error stream. */
export function run(
  name: 'initdb' | 'postgres',
  { dataDir, user }: Pick<Setting, 'dataDir' | 'user'>,
  args: string[],
): ChildProcess {
  const through = user?.through ?? []
  const [command = '', ...rest] = [...through, program(name), ...args]
  return spawn(command, rest, {
    ...(user && through.length === 0 ? { uid: user.uid, gid: user.gid } : {}),
    // The server's own working directory may be closed to the user that PostgreSQL runs as.
    cwd: dataDir,
    env: programEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    // A session of its own: a terminal's Ctrl-C goes to every process of ours, and PostgreSQL has to stop last.
    detached: name === 'postgres',
    windowsHide: true,
  })
}

/** The exit code, or null after a signal. */
export function exitOf(child: ChildProcess, name: string): Promise<number | null> {
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
export function readLog(child: ChildProcess, log: (line: string) => void): string[] {
  const lines: string[] = []
  createInterface({ input: child.stderr! }).on('line', (line) => {
    log(line)
    lines.push(line)
    if (lines.length > 50) lines.shift()
  })
  return lines
}

/** What to tell about a program that failed, by the telling one of its last lines. */
export function failure(what: string, lines: string[]): StartError {
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
