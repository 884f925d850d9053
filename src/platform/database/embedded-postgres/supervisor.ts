import { setTimeout as sleep } from 'node:timers/promises'
import type { Setting } from './child-process.js'
import { StartError } from '../../start-error.js'
import { endLeftovers } from './data-folder.js'
import { type Server, startServer, stopServer } from './server.js'

const MAX_FAILURES = 3
const WITHIN_MS = 60_000
/** The wait before another try where PostgreSQL could not be started again. */
const PAUSE_MS = 1_000

export interface Supervision {
  /** PostgreSQL ended by itself and is being started again. */
  ended: (failure: string) => void
  /** PostgreSQL failed three times within a minute, and is not started again. */
  gaveUp: (error: StartError) => void
}

/** Keeps one PostgreSQL running: where it ends by itself, it is started again, on the same port. */
export class Supervisor {
  private readonly failures: number[] = []
  private restarting = Promise.resolve()
  private stopping = false

  private constructor(
    private readonly setting: Setting,
    private server: Server,
    private readonly supervision: Supervision,
  ) {
    this.watch()
  }

  /** @throws {StartError} where PostgreSQL cannot start the first time */
  static async start(setting: Setting, supervision: Supervision): Promise<Supervisor> {
    return new Supervisor(setting, await startServer(setting), supervision)
  }

  get port(): number {
    return this.server.port
  }

  async stop(): Promise<void> {
    this.stopping = true
    // Wait for a start in progress, or PostgreSQL would outlive this process.
    await this.restarting
    await stopServer(this.server.child)
  }

  private watch(): void {
    void this.server.exit.then((code) => {
      if (this.stopping) return
      this.restarting = this.restart(`PostgreSQL ended with ${code ?? 'a signal'}`)
    })
  }

  private async restart(failure: string): Promise<void> {
    while (!this.stopping) {
      if (!this.mayTryAgain()) {
        const reason = failure.replace(/\.$/, '')
        const { cluster } = this.setting
        return this.supervision.gaveUp(
          new StartError(
            `PostgreSQL in ${cluster} failed ${MAX_FAILURES} times within a minute, at last: ${reason}. Its log has the cause, with LOG_LEVEL=debug.`,
          ),
        )
      }
      this.supervision.ended(failure)
      try {
        // The processes of a PostgreSQL that was killed hold its memory for a moment.
        await endLeftovers(this.setting.cluster)
        this.server = await startServer(this.setting, this.port)
        return this.watch()
      } catch (error) {
        failure = (error as Error).message
        await sleep(PAUSE_MS)
      }
    }
  }

  private mayTryAgain(): boolean {
    const now = Date.now()
    this.failures.push(now)
    while (this.failures[0]! < now - WITHIN_MS) this.failures.shift()
    return this.failures.length < MAX_FAILURES
  }
}
