import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { announcementIn, eventually, testEnvironment } from '../../src/testing/index.js'

/** The built server in a process of its own, as `npm start` runs it. Without `DATABASE_URL` it has its own PostgreSQL. */
export class ServerProcess {
  /** What it printed, on both outputs. */
  out = ''
  readonly child: ChildProcess
  /** Resolves with the exit code, or null after a signal. */
  readonly ended: Promise<number | null>

  constructor(
    environment: Record<string, string>,
    [command, ...args]: string[] = [process.execPath, 'dist/server/main.js'],
  ) {
    const variables = { ...testEnvironment(), DATABASE_URL: '', LOG_LEVEL: 'silent', ...environment }
    this.child = spawn(command!, args, { env: { PATH: process.env.PATH, ...variables } })
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (chunk: Buffer) => (this.out += chunk.toString()))
    this.ended = new Promise((resolve) => this.child.on('close', resolve))
  }

  /** @returns `http://127.0.0.1:<port>`, once it is ready */
  async ready(): Promise<string> {
    await eventually(
      async () => this.child.exitCode !== null || announcementIn(this.out) !== undefined,
      (is) => is,
      50_000,
    )
    const announcement = announcementIn(this.out)
    if (!announcement) throw new Error(`It ended: ${this.out}`)
    return announcement.url
  }

  /** The key of the first start. */
  get key(): string {
    return announcementIn(this.out)!.key!
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal)
    return this.ended
  }
}

/** The process id of the embedded PostgreSQL in a data folder. */
export async function postmasterOf(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
}
