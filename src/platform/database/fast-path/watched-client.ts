import pg from 'pg'
import { privates } from './driver.js'

/** How often connections that owe an answer are looked at. */
const LOOK_MS = 250

export interface WatchedClientConfig extends pg.ClientConfig {
  /** Milliseconds in which a statement is answered, or its connection counts as lost. Not set: there is no such bound. */
  deadlineMs?: number
  /** The same for the connection to be made. */
  connectDeadlineMs?: number
}

/**
 * A connection whose loss never ends the process, and which is given up when its other end has gone silent: frozen,
 * unplugged, or behind a proxy that forwards nothing. TCP tells none of these from a long statement.
 */
export class WatchedClient extends pg.Client {
  deadlineMs: number
  private readonly connectDeadlineMs: number
  /** When the statement that now runs began: with the answer to the one before, or when it was sent. */
  private begun = 0

  constructor(config: WatchedClientConfig = {}) {
    super(config)
    this.deadlineMs = config.deadlineMs ?? Infinity
    this.connectDeadlineMs = config.connectDeadlineMs ?? Infinity
    // Node ends a process in which nobody listens for an error. Whoever awaits a statement hears of it through that.
    this.on('error', () => undefined)
    privates(this).connection.on('readyForQuery', () => (this.begun = performance.now()))
    this.once('end', () => watched.delete(this))
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- one implementation of both of pg's overloads
  override connect(callback?: any): any {
    this.begun = performance.now()
    if (this.deadlineMs < Infinity) watch(this)
    return super.connect(callback)
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

  /** For the watch: gives the connection up when its time is over. `unheard`: milliseconds in which nobody listened to it. */
  check(now: number, unheard: number): void {
    this.begun += unheard
    const { isConnecting } = privates(this)
    const waited = isConnecting ? now - this.begun : this.overdueMs(now)
    if (waited <= (isConnecting ? this.connectDeadlineMs : this.deadlineMs)) return
    this.destroy()
    // Unused ones to the same server which have not been heard of since are as good as lost: they would keep the next
    // statement waiting as long.
    for (const other of watched) if (other.isIdleSince(this.begun, this)) other.destroy()
  }

  private isIdleSince(time: number, { host, port }: WatchedClient): boolean {
    const { owesAnswer, isConnecting } = privates(this)
    return !owesAnswer && !isConnecting && this.begun < time && this.host === host && this.port === port
  }
}

const watched = new Set<WatchedClient>()
let looks: NodeJS.Timeout | undefined

function watch(client: WatchedClient): void {
  watched.add(client)
  if (looks) return
  let last = performance.now()
  looks = setInterval(() => {
    const now = performance.now()
    // What arrived while this process was busy or stopped is read after this; the time does not count.
    const unheard = now - last > 2 * LOOK_MS ? now - last : 0
    last = now
    for (const one of watched) one.check(now, unheard)
    if (watched.size > 0) return
    clearInterval(looks)
    looks = undefined
  }, LOOK_MS)
  looks.unref()
}
