import pg from 'pg'
import { privates } from './driver.js'
import { watch } from './watch.js'

export interface WatchedClientConfig extends pg.ClientConfig {
  /** Milliseconds within which a statement must be answered, or its connection counts as lost. Not set: no bound. */
  deadlineMs?: number
  /** The same for the connection to be made. */
  connectDeadlineMs?: number
}

/**
 * A connection whose loss never ends the process, and which is closed when its other end goes silent: frozen, unplugged, or
 * behind a proxy that forwards nothing. TCP cannot tell these from a long statement.
 */
export class WatchedClient extends pg.Client {
  deadlineMs: number
  private readonly connectDeadlineMs: number
  /** When the current statement began: when the one before was answered, or when it was sent. */
  private begun = 0

  constructor(private readonly config: WatchedClientConfig = {}) {
    super(config)
    this.deadlineMs = config.deadlineMs ?? Infinity
    this.connectDeadlineMs = config.connectDeadlineMs ?? Infinity
    // Without a listener for `error`, Node ends the process. Callers get the error from the statement they await.
    this.on('error', () => undefined)
    privates(this).connection.on('readyForQuery', () => (this.begun = performance.now()))
  }

  override connect(): Promise<pg.Client>
  override connect(callback: (error: Error) => void): void
  override connect(callback?: (error: Error) => void): Promise<pg.Client> | void {
    this.begun = performance.now()
    if (this.deadlineMs < Infinity) watch(this)
    return callback ? super.connect(callback) : super.connect()
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- one implementation of all of pg's overloads
  override query(...parameters: any[]): any {
    if (!privates(this).owesAnswer) this.begun = performance.now()
    return super.query(...(parameters as [never]))
  }

  /** Milliseconds for which the oldest statement has been waiting for its answer; 0 when there is none. */
  overdueMs(now = performance.now()): number {
    return privates(this).owesAnswer ? now - this.begun : 0
  }

  /** Closes the connection at once. Each of its statements fails. */
  destroy(): void {
    privates(this).connection.stream.destroy()
  }

  /** Another connection to the same server, which nobody watches. */
  sibling(): WatchedClient {
    return Object.assign(new WatchedClient(this.config), { deadlineMs: Infinity })
  }

  /** For the watch: since when the server owes an answer and has sent nothing; undefined when it owes none. */
  get silentSince(): number | undefined {
    const { isConnecting, hasHeard, owesAnswer } = privates(this)
    return (isConnecting && !hasHeard) || owesAnswer ? this.begun : undefined
  }

  /** For the watch: the server's process id for this connection; null while it is being opened. */
  get backend(): number | null {
    return privates(this).isConnecting ? null : privates(this).processID
  }

  /** For the watch: leaves out milliseconds in which this process did not listen. */
  forgive(unheard: number): void {
    this.begun += unheard
  }

  /** For the watch: whether its current wait is overdue. */
  isOverdue(now: number): boolean {
    const { isConnecting } = privates(this)
    return isConnecting ? now - this.begun > this.connectDeadlineMs : this.overdueMs(now) > this.deadlineMs
  }

  /** For the watch: whether it is unused and has been silent since `other` began to wait. */
  isIdleLongerThan({ begun }: WatchedClient): boolean {
    const { owesAnswer, isConnecting } = privates(this)
    return !owesAnswer && !isConnecting && this.begun < begun
  }
}
