import { DatabaseBusy } from './database-errors.js'

export interface GateLimits {
  /** How many may run at once. */
  total: number
  /** How many of these may have the same key. */
  ofOneKey: number
  /** How many may wait; further ones are refused at once. */
  waiting: number
  /** How many of these may have the same key. Default: no limit of its own. */
  waitingOfOneKey?: number
  /** Milliseconds after which waiting work is refused. */
  waitMs: number
}

interface Waiter {
  key: string
  enter: () => void
}

/** Limits how much work runs at a time, in all and for each key. Waiting is limited in number and in time. */
export class Gate {
  private inside = 0
  private readonly insideByKey = new Map<string, number>()
  private readonly waitingByKey = new Map<string, number>()
  /** In the order of their arrival. */
  private readonly waiting = new Set<Waiter>()

  constructor(private readonly limits: GateLimits) {}

  /** @throws {DatabaseBusy} when the work could not begin in time */
  async pass<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    if (this.hasRoom(key)) this.enter(key)
    else await this.wait(key)
    try {
      return await work()
    } finally {
      this.leave(key)
    }
  }

  private hasRoom(key: string): boolean {
    return this.inside < this.limits.total && (this.insideByKey.get(key) ?? 0) < this.limits.ofOneKey
  }

  private enter(key: string): void {
    this.inside++
    add(this.insideByKey, key, 1)
  }

  private leave(key: string): void {
    this.inside--
    add(this.insideByKey, key, -1)
    for (const waiter of this.waiting) {
      if (this.inside >= this.limits.total) return
      if (this.hasRoom(waiter.key)) waiter.enter()
    }
  }

  private wait(key: string): Promise<void> {
    const { waiting, waitingOfOneKey = waiting, waitMs } = this.limits
    if (this.waiting.size >= waiting || (this.waitingByKey.get(key) ?? 0) >= waitingOfOneKey)
      return Promise.reject(new DatabaseBusy('Too many wait for the database.'))
    return new Promise((resolve, reject) => {
      const stopWaiting = () => {
        clearTimeout(late)
        this.waiting.delete(waiter)
        add(this.waitingByKey, key, -1)
      }
      const waiter: Waiter = {
        key,
        enter: () => {
          stopWaiting()
          this.enter(key)
          resolve()
        },
      }
      const late = setTimeout(() => {
        stopWaiting()
        reject(new DatabaseBusy(`The database was busy for ${waitMs} ms.`))
      }, waitMs)
      this.waiting.add(waiter)
      add(this.waitingByKey, key, 1)
    })
  }
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}
