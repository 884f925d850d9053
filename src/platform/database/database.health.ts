import { Injectable } from '@nestjs/common'
import { HealthIndicatorService } from '@nestjs/terminus'
import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from './database.js'
import { sqlState } from './database-errors.js'

const WITHIN_MS = 2_000

/** Whether the database answers on the connections that requests use. */
@Injectable()
export class DatabaseHealth {
  constructor(
    private readonly database: Database,
    private readonly indicators: HealthIndicatorService,
  ) {}

  async check() {
    const indicator = this.indicators.check('database')
    const abort = new AbortController()
    const late = sleep(WITHIN_MS, 'late' as const, { signal: abort.signal, ref: false }).catch(() => undefined)
    try {
      const outcome = await Promise.race([this.database.check(), late])
      return outcome === 'late' ? indicator.down(`no answer within ${WITHIN_MS} ms`) : indicator.up()
    } catch (error) {
      return indicator.down(sqlState(error) ?? 'connection lost')
    } finally {
      abort.abort()
    }
  }
}
