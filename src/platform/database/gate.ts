import { DatabaseBusy } from './database-errors.js'

export interface GateLimits {
  /** How many are inside at the most. */
  total: number
  /** How many of them with the same key. */
  ofOneKey: number
  /** How many wait at the most; further ones are refused at once. */
  waiting: number
  /** The same of those with one key. Default: as many as wait at the most. */
  waitingOfOneKey?: number
  /** Milliseconds after which one that waits is refused. */
  waitMs: number
}

interface Waiter {
  key: string
  enter: () => void
}

/** Bounds how much is done at a time, and how much of it for one key. What waits is bounded in number and in time. */
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
