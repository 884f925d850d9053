import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { AccessCache } from '../auth/index.js'
import { Config } from '../platform/config/config.js'
import { Database } from '../platform/database/database.js'
import type { Logger } from '../platform/logging/logger.js'
import { LOGGER } from '../platform/logging/logger.token.js'

const INTERVAL_MS = 60_000
const BATCH = 5_000

/**
 * Removes organizations whose grace period is over, with all that belongs to them. It goes in batches, each its own
 * transaction, and the organization's own row goes last: killed anywhere, the next run goes on where this one was.
 */
@Injectable()
export class OrganizationsPurge implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer?: NodeJS.Timeout
  private running: Promise<void> = Promise.resolve()

  constructor(
    private readonly database: Database,
    private readonly config: Config,
    private readonly access: AccessCache,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.running
        .then(() => this.run())
        .then(
          () => undefined,
          (error) => this.logger.warn({ err: error }, 'purge will be tried again'),
        )
    }, INTERVAL_MS)
    this.timer.unref()
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer)
    await this.running
  }

  /** Purges everything that is due. @returns the ids of the organizations that are gone */
  async run(): Promise<string[]> {
    const due: { id: string }[] = await this.database.dataSource.query(
      `select id from organizations where deletion_requested_at <= now() - make_interval(days => $1) order by deletion_requested_at`,
      [this.config.get('ORGANIZATION_RESTORE_DAYS')],
    )
    const purged: string[] = []
    for (const { id } of due) if (await this.purge(id)) purged.push(id)
    return purged
  }

  /**
   * What belongs to the organization is found by its foreign keys, so the tables of other modules are purged too.
   * A restore that came first wins: each step looks again, holding the organization's row.
   */
  private async purge(id: string): Promise<boolean> {
    // Were the grace period made longer while half of it is gone, it could be restored.
    await this.whileDue(id, 'update organizations set deletion_requested_at = to_timestamp(0) where id = $1')
    for (const table of await this.tablesOfOrganizations()) {
      while (
        (await this.whileDue(
          id,
          `delete from ${table} where ctid in (select ctid from ${table} where organization_id = $1 limit ${BATCH})`,
        )) === BATCH
      );
    }
    const gone = (await this.whileDue(id, 'delete from organizations where id = $1')) === 1
    if (gone) this.logger.info({ organization_id: id }, 'organization purged')
    return gone
  }

  private whileDue(id: string, statement: string): Promise<number> {
    return this.database.transaction(async (tx) => {
      const held = await tx.manager.query(
        'select 1 from organizations where id = $1 and deletion_requested_at <= now() - make_interval(days => $2) for update',
        [id, this.config.get('ORGANIZATION_RESTORE_DAYS')],
      )
      if (held.length === 0) return 0
      const [, affected] = await tx.manager.query(statement, [id])
      this.access.forgetAfter(tx, `organization:${id}`)
      return affected as number
    })
  }

  private async tablesOfOrganizations(): Promise<string[]> {
    const rows: { name: string }[] = await this.database.dataSource.query(
      `select conrelid::regclass::text as name from pg_constraint
       where contype = 'f' and confrelid = 'organizations'::regclass and confdeltype = 'c'
       order by conrelid::regclass::text = 'organization_slugs', 1`,
    )
    return rows.map(({ name }) => name)
  }
}
