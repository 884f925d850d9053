import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The version of the `pgbouncer` on the PATH as `[major, minor]`; undefined when there is none. */
export function pgBouncerVersion(): [number, number] | undefined {
  const found = /PgBouncer (\d+)\.(\d+)/.exec(spawnSync('pgbouncer', ['--version'], { encoding: 'utf8' }).stdout ?? '')
  return found ? [Number(found[1]), Number(found[2])] : undefined
}

/** A PgBouncer in transaction mode. It has fewer connections than it is asked for, so that they change hands. */
export class PgBouncer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** The address that was given, through this PgBouncer. */
    readonly url: string,
  ) {}

  static async start(databaseUrl: string, settings: Record<string, string | number> = {}): Promise<PgBouncer> {
    const url = new URL(databaseUrl)
    const { hostname, port, username, password } = url
    const database = { host: hostname, port: port || 5432, user: username, ...(password ? { password } : {}) }
    url.port = String(await freePort())
    const lines = {
      listen_addr: '127.0.0.1',
      listen_port: url.port,
      unix_socket_dir: '',
      auth_type: 'any',
      pool_mode: 'transaction',
      default_pool_size: 3,
      ...settings,
    }
    const folder = await mkdtemp(join(tmpdir(), 'polity-pgbouncer-'))
    await chmod(folder, 0o755)
    await writeFile(
      join(folder, 'pgbouncer.ini'),
      ['[databases]', `* = ${assign(database, '=').join(' ')}`, '[pgbouncer]', ...assign(lines, ' = '), ''].join('\n'),
    )
    // It refuses to run as root.
    const user = process.getuid?.() === 0 ? ['--user=nobody'] : []
    const child = spawn('pgbouncer', ['--quiet', ...user, join(folder, 'pgbouncer.ini')], { stdio: 'inherit' })
    url.hostname = '127.0.0.1'
    const pgBouncer = new PgBouncer(child, folder, url.toString())
    while (!(await listens(Number(url.port)))) {
      if (child.exitCode !== null) throw new Error(`pgbouncer has ended with exit code ${child.exitCode}`)
      await sleep(20)
    }
    return pgBouncer
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await ended
    await rm(this.folder, { recursive: true, force: true })
  }
}

const assign = (values: Record<string, string | number>, sign: string) =>
  Object.entries(values).map(([name, value]) => `${name}${sign}${value}`)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
