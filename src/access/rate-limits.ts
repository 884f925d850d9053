import { Injectable } from '@nestjs/common'
import { LRUCache } from 'lru-cache'
import { Config } from '../platform/config/config.js'
import { throttled } from '../platform/http/http.errors.js'
import { SharedRedis } from '../platform/redis/redis.module.js'
import { countedAddress } from './address.js'
import { type Count, Counter } from './counter.js'
import { accessSettings } from './access.settings.js'

const MAX_VALID = 10_000
const VALID_MS = 3_600_000

/**
 * PostHog's two limits, burst and sustained, for each valid key; callers without a key share their address's. Keys that
 * do not exist count against the address: past its limit only keys that were valid in the last hour are still looked at.
 */
@Injectable()
export class RateLimits {
  private readonly ofKeys: Counter[] = []
  private readonly ofAddresses: Counter[] = []
  private readonly failures?: Counter
  /** The hashes of keys that were valid in the last hour. */
  private readonly valid = new LRUCache<string, true>({ max: MAX_VALID, ttl: VALID_MS, ttlResolution: 1_000 })

  constructor(config: Config, redis: SharedRedis) {
    const settings = config.of(accessSettings)
    if (!settings.RATE_LIMIT_ENABLED) return
    const [burst, sustained] = [settings.RATE_LIMIT_BURST_PER_MINUTE, settings.RATE_LIMIT_SUSTAINED_PER_HOUR]
    const both = (of: string) => [
      new Counter(`burst:${of}`, burst, 60, redis),
      new Counter(`sustained:${of}`, sustained, 3_600, redis),
    ]
    this.ofKeys = both('key')
    this.ofAddresses = both('ip')
    this.failures = new Counter('failures:ip', settings.RATE_LIMIT_FAILURES_PER_MINUTE, 60, redis)
  }

  /**
   * Counts a request without a key.
   * @throws {ApiError} 429 with `Retry-After` in seconds, the longer of the two waits
   */
  async countAddress(address: string): Promise<void> {
    await count(this.ofAddresses, countedAddress(address))
  }

  /**
   * Counts a request with a key, or another credential, that is known to be valid.
   * @param subject what is counted: the key's hash, or a credential's kind and id
   * @param hash what {@link wasValid} will know it by
   * @throws {ApiError} 429 with `Retry-After` in seconds, the longer of the two waits
   */
  async countKey(subject: string, hash = subject): Promise<void> {
    this.valid.set(hash, true)
    await count(this.ofKeys, subject)
  }

  /** Whether a key was valid in the last hour. */
  wasValid(hash: string): boolean {
    return this.valid.has(hash)
  }

  /** @throws {ApiError} 429 when an address has sent too many keys that do not exist */
  refuseGuesses(address: string): void {
    if (!this.failures) return
    const known = this.failures.peek(countedAddress(address))
    if (known.count >= this.failures.limit) refuse([known])
  }

  /** @throws {ApiError} 429 when an address is past a limit, whatever it is about to send */
  refuseStranger(address: string): void {
    this.refuseGuesses(address)
    const subject = countedAddress(address)
    refuse(this.ofAddresses.map((counter) => ({ ...counter.peek(subject), limit: counter.limit })).filter(isReached))
  }

  /** Counts a key that does not exist against the address that sent it. */
  async countFailure(hash: string, address: string): Promise<void> {
    this.valid.delete(hash)
    await this.failures?.add(countedAddress(address))
  }
}

const isReached = ({ count, limit }: { count: number; limit: number }): boolean => count >= limit

async function count(counters: readonly Counter[], subject: string): Promise<void> {
  const counts = counters.map((counter) => counter.add(subject))
  const known = counts.some((one) => one instanceof Promise)
    ? await Promise.all(counts.map((one) => Promise.resolve(one)))
    : (counts as Count[])
  refuse(known.filter((one, index) => one.count > counters[index]!.limit))
}

/** @throws {ApiError} 429 when any of these is over */
function refuse(over: readonly Count[]): void {
  if (over.length === 0) return
  const seconds = Math.max(1, Math.ceil(Math.max(...over.map(({ msLeft }) => msLeft)) / 1_000))
  throw throttled({ seconds }, { headers: { 'retry-after': String(seconds) } })
}
