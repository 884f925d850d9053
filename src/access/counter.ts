import { LRUCache } from 'lru-cache'
import type { SharedRedis } from '../platform/redis/redis.module.js'

/** How many subjects are kept, the most recent ones, so that no number of strangers fills the memory. */
const MAX_SUBJECTS = 20_000

/** A count within a window of time, and when that window ends. */
export interface Count {
  count: number
  msLeft: number
}

/** Counts, and begins a window with the first. */
const INCREMENT = `
local count = redis.call('incr', KEYS[1])
local left = redis.call('pttl', KEYS[1])
if left < 0 then
  redis.call('pexpire', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}`

/** Counts by subject in windows of time: in Redis where servers share one, and alone while it is away. */
export class Counter {
  private readonly windows = new LRUCache<string, { count: number; endsAt: number }>({ max: MAX_SUBJECTS })
  private readonly windowMs: number

  /** @param name what is counted; unique among counters */
  constructor(
    private readonly name: string,
    readonly limit: number,
    seconds: number,
    private readonly redis: SharedRedis,
  ) {
    this.windowMs = seconds * 1_000
  }

  /** Counts once. Returns a promise only when Redis is asked. */
  add(subject: string): Count | Promise<Count> {
    return this.redis.client ? this.addShared(subject) : this.addHere(subject)
  }

  /** The count as far as this process knows, without counting. */
  peek(subject: string): Count {
    const window = this.windows.get(subject)
    const msLeft = window ? window.endsAt - Date.now() : 0
    return window && msLeft > 0 ? { count: window.count, msLeft } : { count: 0, msLeft: this.windowMs }
  }

  private async addShared(subject: string): Promise<Count> {
    const shared = await this.redis.ask((client) =>
      client.eval(INCREMENT, 1, `polity:${this.name}:${subject}`, this.windowMs),
    )
    if (!shared) return this.addHere(subject)
    const [count, msLeft] = shared as [number, number]
    this.windows.set(subject, { count, endsAt: Date.now() + msLeft })
    return { count, msLeft }
  }

  private addHere(subject: string): Count {
    const now = Date.now()
    const known = this.windows.get(subject)
    if (known && known.endsAt > now) return { count: ++known.count, msLeft: known.endsAt - now }
    this.windows.set(subject, { count: 1, endsAt: now + this.windowMs })
    return { count: 1, msLeft: this.windowMs }
  }
}
