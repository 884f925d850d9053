import { Injectable } from '@nestjs/common'
import { Config } from '../config/config.js'
import { Database, type Transaction } from '../database/database.js'
import type { EventDefinition } from './define-event.js'

const BATCH = 5_000
const SECURITY_EVENTS_DAYS = 180

/**
 * Removes events that are older than `EVENTS_RETENTION_DAYS` and that no listener waits for, and security events after
 * 180 days. The head of each chain keeps the hash before the first event that is left, so the rest can still be verified.
 */
@Injectable()
export class EventRetention {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /** @returns how many events were removed */
  async run(): Promise<number> {
    const due: { organization_id: string }[] = await this.database.dataSource.query(
      `select distinct organization_id from (
         select organization_id from events
         where created_at < now() - make_interval(days => $1) and seq is not null limit ${BATCH}) old`,
      [this.config.get('EVENTS_RETENTION_DAYS')],
    )
    let removed = await this.forgetSecurityEvents()
    for (const { organization_id } of due) removed += await this.shorten(organization_id)
    return removed
  }

  /**
   * Removes everything about organizations that are gone, once no listener waits for their events.
   * @param last the last event of an organization
   * @param also runs in the same transaction
   */
  async forgetAfter(
    { type }: Pick<EventDefinition, 'type'>,
    also: (tx: Transaction, organizationId: string) => Promise<void>,
  ): Promise<void> {
    const ended: { organization_id: string }[] = await this.database.dataSource.query(
      // The type is a literal, so that the partial index on it is used.
      `select organization_id from events e where type = '${type}' and seq is not null
         and not exists (select 1 from event_deliveries where organization_id = e.organization_id)
       limit ${BATCH}`,
    )
    for (const { organization_id } of ended)
      await this.database.transaction(async (tx) => {
        await tx.manager.query('delete from events where organization_id = $1 and seq is not null', [organization_id])
        await tx.manager.query('delete from event_heads where organization_id = $1', [organization_id])
        await also(tx, organization_id)
      })
  }

  private async forgetSecurityEvents(): Promise<number> {
    let removed = 0
    for (let batch = BATCH; batch === BATCH; removed += batch)
      [, batch] = await this.database.dataSource.query(
        `delete from security_events where (user_id, id) in (
           select user_id, id from security_events where at < now() - make_interval(days => $1) limit ${BATCH})`,
        [SECURITY_EVENTS_DAYS],
      )
    return removed
  }

  /** Removes the oldest events of an organization, up to the first that must stay. */
  private shorten(organizationId: string): Promise<number> {
    return this.database.transaction(async (tx) => {
      const [last] = await tx.manager.query<{ seq: string; hash: Buffer }[]>(
        `select e.seq, e.hash from events e
         where e.organization_id = $1 and e.created_at < now() - make_interval(days => $2)
           and e.seq < coalesce(
             (select min(seq) from event_deliveries where organization_id = $1),
             (select seq + 1 from event_heads where organization_id = $1))
         order by e.seq desc limit 1`,
        [organizationId, this.config.get('EVENTS_RETENTION_DAYS')],
      )
      if (!last) return 0
      await tx.manager.query('update event_heads set kept_after = $2, kept_hash = $3 where organization_id = $1', [
        organizationId,
        last.seq,
        last.hash,
      ])
      const [, removed] = await tx.manager.query<[unknown[], number]>(
        'delete from events where organization_id = $1 and seq <= $2',
        [organizationId, last.seq],
      )
      return removed
    })
  }
}
