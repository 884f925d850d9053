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

/** What is remembered. */
type Remembered = Standing & Partial<Pick<AccessRow, 'expires_at'>>

/** Whose access may have changed: everything that is known of this user, or of this organization. */
export type AccessSubject = `user:${number}` | `organization:${string}`

/**
 * Remembers for `AUTH_CACHE_TTL_MS` what the database said about a key, or a user, and an organization.
 *
 * A change made by this process counts from the moment it is committed: whoever changes a key, a user, a membership or
 * what a request may do in an organization says so with {@link forgetAfter}. Another process hears of it at once through
 * Redis, where there is one, and otherwise when its own memory has aged. That a key is unknown is remembered as well, until
 * anything changes: a program that goes on with a revoked key is refused without a question.
 */
@Injectable()
export class AccessCache implements BeforeApplicationShutdown {
  private readonly ttlMs: number
  private readonly entries?: LRUCache<string, { access: Remembered; since: number }>
  /** Keys that the database does not know, and since when. Apart, so that no flood of them pushes out the others. */
  private readonly unknown?: LRUCache<string, number>
  /** When each subject changed last, for as long as an answer from before could still be remembered. */
  private readonly changes = new Map<AccessSubject, number>()
  private lastChange = -1
  private readonly subscriber?: Redis

  constructor(
    config: Config,
    private readonly redis: SharedRedis,
  ) {
    this.ttlMs = config.of(accessSettings).AUTH_CACHE_TTL_MS
    if (this.ttlMs === 0) return
    this.entries = new LRUCache({ max: MAX_ENTRIES })
    this.unknown = new LRUCache({ max: MAX_UNKNOWN })
    this.subscriber = redis.client && this.subscribe(redis.client)
  }

  /**
   * What `find` says of a key, or a user, in an organization, or said a moment ago.
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
    const unknownSince = this.unknown?.get(subject)
    if (unknownSince !== undefined && this.isRecent(unknownSince) && unknownSince > this.lastChange) return undefined
    // From before the question: a change that is committed while it is under way may or may not be in its answer.
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

  /** Forgets the subjects when, and only when, the transaction has committed. */
  forgetAfter(tx: Transaction, ...subjects: AccessSubject[]): void {
    tx.onCommit(() => this.forget(...subjects))
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
    return this.changes.get(subject) ?? -1
  }

  private forget(...subjects: AccessSubject[]): void {
    if (!this.entries) return
    subjects.forEach((subject) => this.note(subject))
    if (this.redis.client) void this.tell(subjects.join(' '))
  }

  /** Tells the others, again where Redis is away or slow, until their own memory has aged anyway. */
  private async tell(subjects: string): Promise<void> {
    for (const since = performance.now(); this.isRecent(since); await sleep(TELL_AGAIN_MS, undefined, { ref: false })) {
      const heard = await this.redis.ask((client) => client.publish(CHANNEL, subjects))
      if (heard !== undefined) return
    }
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

  private subscribe(client: Redis): Redis {
    // It asks nothing and waits for what comes, however long.
    const waiting = { enableOfflineQueue: true, maxRetriesPerRequest: null, commandTimeout: undefined }
    const subscriber = client.duplicate({ ...waiting, socketTimeout: undefined })
    subscriber.on('error', () => undefined)
    // Messages sent while we were not subscribed are lost.
    subscriber.on('ready', () => {
      this.entries?.clear()
      this.unknown?.clear()
    })
    subscriber.on('message', (_, subjects) =>
      subjects.split(' ').forEach((subject) => this.note(subject as AccessSubject)),
    )
    subscriber.subscribe(CHANNEL).catch(() => undefined)
    return subscriber
  }
}
