import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { AccessCache } from '../access/index.js'
import { Config } from '../platform/config/config.js'
import { Database, type Transaction } from '../platform/database/database.js'
import type { Logger } from '../platform/logging/logger.js'
import { LOGGER } from '../platform/logging/logger.token.js'
import { systemActor } from '../platform/events/domain-event.js'
import { EventRetention } from '../platform/events/event-retention.js'
import { organizationPurged } from './organization.events.js'
import {
  blockedTables,
  clearDirectory,
  type Directory,
  ownDirectories,
  tablesOfOrganizations,
} from './organizations-purge.queries.js'
import { organizationsSettings } from './organizations.settings.js'

const INTERVAL_MS = 60_000
const BATCH = 5_000
const BLOCKED =
  'rows of this table keep organizations from being purged: give its foreign key ON DELETE CASCADE, or delete the rows before the grace period ends'
const purge = systemActor('purge')

/**
 * What another module does before the rows of a purged organization go. It runs in a transaction that holds the
 * organization, again and again, until it has nothing left to do. @returns how much it did
 */
export type PurgeStep = (tx: Transaction, organizationId: string) => Promise<number>

/**
 * Removes organizations whose grace period is over, with all that belongs to them. It goes in batches, each its own
 * transaction, and the organization's own row goes last: killed anywhere, the next run goes on where this one was.
 */
@Injectable()
export class OrganizationsPurge implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer?: NodeJS.Timeout
  private running: Promise<void> = Promise.resolve()
  private readonly steps: PurgeStep[] = []
  private readonly directories: Directory[] = [...ownDirectories]

  constructor(
    private readonly database: Database,
    private readonly config: Config,
    private readonly access: AccessCache,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly host: HttpAdapterHost,
    private readonly events: EventRetention,
  ) {}

  /**
   * Registers a step, before the server starts. One that throws keeps the organization until the next run, so it does
   * nothing that could go on failing: it announces an event for that.
   * @example purge.before((tx, organizationId) => this.announceWhatEnds(tx, organizationId))
   */
  before(step: PurgeStep): void {
    this.steps.push(step)
  }

  /** Registers a table whose rows name organizations without a foreign key, to be cleared of a purged one. */
  alsoClear(directory: Directory): void {
    this.directories.unshift(directory)
  }

  async onApplicationBootstrap(): Promise<void> {
    // A command has none of the server's extensions, whose steps it would leave out.
    if (!this.host.httpAdapter) return
    for (const blocked of await this.database.dataSource.query(blockedTables)) this.logger.warn(blocked, BLOCKED)
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

  /** Purges everything that is due, and forgets what happened in organizations that are gone. @returns the ids of the organizations that are gone */
  async run(): Promise<string[]> {
    const due: { id: string }[] = await this.database.dataSource.query(
      `select id from organizations where deletion_requested_at <= now() - make_interval(days => $1) order by deletion_requested_at`,
      [this.config.of(organizationsSettings).ORGANIZATION_RESTORE_DAYS],
    )
    const purged: string[] = []
    for (const { id } of due) {
      try {
        if (await this.purge(id)) purged.push(id)
      } catch (error) {
        this.logger.warn({ err: error, organization_id: id }, 'purge will be tried again')
      }
    }
    await this.events.forgetAfter(organizationPurged, (tx, id) => this.clearWhatIsLeft(tx, id))
    return purged
  }

  /**
   * Finds the organization's rows by their foreign keys, so that tables of other modules are purged too, and then clears the
   * directories. A restore that came first wins: each step checks again, holding the organization's row.
   */
  private async purge(id: string): Promise<boolean> {
    // If the grace period became longer now, an organization could be restored when half of it is gone.
    const begin = 'update organizations set deletion_requested_at = to_timestamp(0) where id = $1'
    await this.whileDue(id, (tx) => affected(tx, begin, id))
    for (const step of this.steps) while ((await this.whileDue(id, (tx) => step(tx, id))) > 0);
    for (const { name, column } of await this.database.dataSource.query(tablesOfOrganizations)) {
      // The partitions of a table share their ctids, so the organization stands in both.
      await this.inBatches(
        id,
        `delete from ${name} where ${column} = $1 and ctid in (
           select ctid from ${name} where ${column} = $1 limit ${BATCH})`,
      )
    }
    for (const directory of this.directories) await this.inBatches(id, clearDirectory(directory, BATCH))
    const gone = (await this.whileDue(id, (tx) => this.finish(tx, id))) === 1
    if (gone) this.logger.info({ organization_id: id }, 'organization purged')
    return gone
  }

  private async inBatches(id: string, batch: string): Promise<void> {
    while ((await this.whileDue(id, (tx) => affected(tx, batch, id))) >= BATCH);
  }

  /** A server of an older version relies on foreign keys of the directories that no longer exist. */
  private async clearWhatIsLeft(tx: Transaction, id: string): Promise<void> {
    if ((await tx.manager.query<unknown[]>('select 1 from organizations where id = $1', [id])).length > 0) return
    for (const { name } of this.directories) await affected(tx, `delete from ${name} where organization_id = $1`, id)
  }

  private async finish(tx: Transaction, id: string): Promise<number> {
    tx.publish(organizationPurged({ ...purge, organization_id: id }, { item_id: id }))
    return affected(tx, 'delete from organizations where id = $1', id)
  }

  private whileDue(id: string, work: (tx: Transaction) => Promise<number>): Promise<number> {
    return this.database.longTransaction(async (tx) => {
      const held = await tx.manager.query<unknown[]>(
        'select 1 from organizations where id = $1 and deletion_requested_at <= now() - make_interval(days => $2) for update',
        [id, this.config.of(organizationsSettings).ORGANIZATION_RESTORE_DAYS],
      )
      if (held.length === 0) return 0
      this.access.forgetAfter(tx, `organization:${id}`)
      return work(tx)
    })
  }
}

const affected = async (tx: Transaction, statement: string, id: string): Promise<number> =>
  (await tx.manager.query<[unknown[], number]>(statement, [id]))[1]
