import { execFileSync } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js'
import { postmasterOf } from './server-process.js'

/** An embedded PostgreSQL for one test file, which may freeze or kill it: so it keeps what it has committed. */
export class OwnPostgres {
  private constructor(
    private readonly postgres: EmbeddedPostgres,
    private readonly folder: string,
  ) {}

  /** @param within where its folder is made */
  static async start(within = tmpdir()): Promise<OwnPostgres> {
    const folder = await mkdtemp(join(within, 'polity-faults-'))
    // As root, PostgreSQL runs as another user, who has to pass through here.
    await chmod(folder, 0o755)
    return new OwnPostgres(await startEmbeddedPostgres({ dataDir: folder }), folder)
  }

  get url(): string {
    return this.postgres.url
  }

  /** Stops all of its processes where they are. Its port goes on taking connections, which nobody answers. */
  freeze = (): Promise<void> => this.signal('SIGSTOP')
  thaw = (): Promise<void> => this.signal('SIGCONT')

  /** Kills it without a word. It is started again, as every embedded PostgreSQL. */
  async kill(): Promise<void> {
    process.kill(await this.postmaster(), 'SIGKILL')
  }

  /** Whether it takes connections. */
  async answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 1_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return true
    } catch {
      return false
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  async stop(): Promise<void> {
    await this.thaw()
    await this.postgres.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  private async signal(signal: NodeJS.Signals): Promise<void> {
    const first = String(await this.postmaster())
    const list = execFileSync('ps', ['-o', 'pid=', '--pid', first, '--ppid', first], { encoding: 'utf8' })
    for (const pid of list.split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), signal)
      } catch (error) {
        // One of its processes may have ended since.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }

  private postmaster(): Promise<number> {
    return postmasterOf(this.folder)
  }
}
