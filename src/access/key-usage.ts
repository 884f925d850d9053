import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { Database } from '../platform/database/database.js'
import type { Logger } from '../platform/logging/logger.js'
import { LOGGER } from '../platform/logging/logger.token.js'

/** How stale `last_used_at` may be before a use of the key is worth a write. */
const PRECISION_MS = 60_000
const FLUSH_MS = 1_000

/** Remembers when keys were used and writes it in batches, beside the requests rather than on their path. */
@Injectable()
export class KeyUsage implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly pending = new Map<string, Date>()
  /** When this process last wrote a key's use; a row that was read before may not show it. */
  private readonly written = new Map<string, number>()
  private timer?: NodeJS.Timeout
  private writing = Promise.resolve()

  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS)
    this.timer.unref()
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer)
    await this.flush()
  }

  /** Notes a use. A stored time in the future is left alone, as PostHog does. */
  note(keyId: string, stored: Date | null, now = new Date()): void {
    const last = Math.max(stored?.getTime() ?? 0, this.written.get(keyId) ?? 0)
    if (now.getTime() - last >= PRECISION_MS) this.pending.set(keyId, now)
  }

  /** Writes the collected times, after those that are being written. A failure only makes them less precise. */
  flush(): Promise<void> {
    return (this.writing = this.writing.then(() => this.write()))
  }

  private async write(): Promise<void> {
    if (this.pending.size === 0) return
    const uses = [...this.pending]
    this.pending.clear()
    if (this.written.size > 10_000) this.written.clear()
    for (const [id, at] of uses) this.written.set(id, at.getTime())
    try {
      await this.database.dataSource.query(
        `update personal_api_keys k set last_used_at = used.at
         from unnest($1::text[], $2::timestamptz[]) as used (id, at)
         where k.id = used.id and (k.last_used_at is null or k.last_used_at < used.at)`,
        [uses.map(([id]) => id), uses.map(([, at]) => at)],
      )
    } catch (error) {
      this.logger.warn({ err: error }, 'last_used_at not written')
    }
  }
}
