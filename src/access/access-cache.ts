import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common'
import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import { setTimeout as sleep } from 'node:timers/promises'
import { Config } from '../platform/config/config.js'
import type { Transaction } from '../platform/database/database.js'
import { SharedRedis } from '../platform/redis/redis.module.js'
import type { AccessRow, Standing } from './access.queries.js'
import { accessSettings } from './access.settings.js'

const MAX_ENTRIES = 10_000
const MAX_UNKNOWN = 1_000
const TELL_AGAIN_MS = 500
const CHANNEL = 'polity:access'

/** What the cache holds. */
type Remembered = Standing & Partial<Pick<AccessRow, 'expires_at'>>

/** A user or an organization whose access may have changed: all entries about it are dropped. */
export type AccessSubject = `user:${number}` | `organization:${string}`

/**
 * Keeps for `AUTH_CACHE_TTL_MS` the database's answers about a key, or a user, and an organization.
 *
 * A change made by this process counts as soon as it is committed: code that changes a key, a user, a membership or an
 * organization's access calls {@link forgetAfter}. With Redis other processes follow at once, without it when their own
 * entries expire. Unknown keys are kept as well, until anything changes, so that a program that goes on with a revoked key
 * is refused without a query.
 */
@Injectable()
export class AccessCache implements BeforeApplicationShutdown {
  private readonly ttlMs: number
  private readonly entries?: LRUCache<string, { access: Remembered; since: number }>
  /** Keys that the database does not know, and since when. Kept apart, so that a flood of them evicts no valid entry. */
  private readonly unknown?: LRUCache<string, number>
  /** When each subject changed last, for as long as an older answer could still be in use. */
  private readonly changes = new Map<AccessSubject, number>()
  /** In the milliseconds of `performance.now()`, as all times here; nothing is older than the process. */
  private lastChange = 0
  private readonly subscriber?: Redis

  constructor(
    config: Config,
    private readonly redis: SharedRedis,
  ) {
    this.ttlMs = config.of(accessSettings).AUTH_CACHE_TTL_MS
    if (this.ttlMs === 0) return
    const kept = [
      (this.entries = new LRUCache({ max: MAX_ENTRIES })),
      (this.unknown = new LRUCache({ max: MAX_UNKNOWN })),
    ]
    this.subscriber = redis.client && this.subscribe(redis.client, () => kept.forEach((cache) => cache.clear()))
  }

  /**
   * The answer of `find` about a key, or a user, in an organization, from the cache where it is fresh.
   * @param subject the key's hash, or `user:` and an id
   * @param place the organization's id, `@current`, or nothing
   */
  async remember<Found extends Remembered>(
    subject: string,
    place: string,
    find: () => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    const name = `${subject} ${place}`
    const known = this.entries?.get(name)
    if (known && this.holds(known)) return known.access as Found
    const unknownSince = this.unknown?.get(subject) ?? 0
    if (unknownSince > this.lastChange && this.isRecent(unknownSince)) return undefined
    // Taken before the query: the result may or may not include a change committed while it runs.
    const since = performance.now()
    const access = await find()
    if (access) {
      this.entries?.set(name, { access, since })
    } else {
      this.entries?.delete(name)
      this.unknown?.set(subject, since)
    }
    return access
  }

  /** Forgets the subject after the commit, and not without one. */
  forgetAfter(tx: Transaction, subject: AccessSubject): void {
    tx.onCommit(() => this.forget(subject))
  }

  beforeApplicationShutdown(): void {
    this.subscriber?.disconnect()
  }

  private holds({ access, since }: { access: Remembered; since: number }): boolean {
    if (!this.isRecent(since)) return false
    if (access.expires_at && access.expires_at.getTime() <= Date.now()) return false
    if (since <= this.changedAt(`user:${access.user_id}`)) return false
    return since > this.changedAt(`organization:${access.wanted_organization_id}`)
  }

  private isRecent(since: number): boolean {
    return performance.now() - since < this.ttlMs
  }

  private changedAt(subject: AccessSubject): number {
    return this.changes.get(subject) ?? 0
  }

  private forget(subject: AccessSubject): void {
    this.note(subject)
    if (this.redis.client) void this.tell(subject)
  }

  /** Tells the other processes. Tries again while Redis is away or slow, until what this process remembers has expired. */
  private async tell(subject: AccessSubject): Promise<void> {
    const since = performance.now()
    do {
      const heard = await this.redis.ask((client) => client.publish(CHANNEL, subject))
      if (heard !== undefined) return
      await sleep(TELL_AGAIN_MS, undefined, { ref: false })
    } while (this.isRecent(since))
  }

  private note(subject: AccessSubject): void {
    const now = performance.now()
    this.lastChange = now
    this.changes.delete(subject)
    this.changes.set(subject, now)
    for (const [oldest, at] of this.changes) {
      if (now - at < this.ttlMs) break
      this.changes.delete(oldest)
    }
  }

  /** @param missed called when messages may have been missed */
  private subscribe(client: Redis, missed: () => void): Redis {
    // A subscriber sends nothing and waits for messages, however long.
    const waiting = { enableOfflineQueue: true, maxRetriesPerRequest: null, commandTimeout: undefined }
    const subscriber = client.duplicate({ ...waiting, socketTimeout: undefined })
    subscriber.on('error', () => undefined)
    // Messages sent while we were not subscribed are lost.
    subscriber.on('ready', missed)
    subscriber.on('message', (_, subject) => this.note(subject as AccessSubject))
    subscriber.subscribe(CHANNEL).catch(() => undefined)
    return subscriber
  }
}
