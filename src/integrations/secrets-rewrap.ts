import { Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { Database, type Transaction } from '../platform/database/database.js'
import { Keyring } from '../platform/secrets/keyring.js'
import { StartError } from '../platform/start-error.js'
import { type SealedPlace, sealedPlaces, type SealedRow } from './sealed-places.js'

const BATCH = 100

/** Looks after the keys under which the secrets of integrations are sealed. */
@Injectable()
export class SecretsRewrap implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
  ) {}

  /** @throws {StartError} naming a key that is needed and not held */
  async onApplicationBootstrap(): Promise<void> {
    const keys = sealedPlaces.map(
      ({ table, sealed, where }) => `select split_part(${sealed}, '.', 1) as id from ${table} where ${where}`,
    )
    const used: { id: string; count: number }[] = await this.database.dataSource.query(
      `select id, count(*)::integer from (${keys.join(' union all ')}) sealed group by id order by id`,
    )
    const missing = used.find(({ id }) => !this.keyring.holds(id))
    if (missing)
      throw new StartError(
        `INTEGRATION_ENCRYPTION_KEYS lacks the key "${missing.id}", under which ${missing.count} secrets of integrations are sealed. Add it after the current one, and remove it only when "polity secrets rewrap" has moved them.`,
      )
  }

  /**
   * Seals everything under the current key that another one sealed. Each batch is a transaction: ended anywhere, the next
   * run goes on. @returns how many were moved
   */
  async run(progress: (moved: number) => void = () => undefined): Promise<number> {
    let moved = 0
    for (const place of sealedPlaces)
      for (let batch = BATCH; batch === BATCH;) {
        batch = await this.database.longTransaction((tx) => this.moveBatch(tx, place))
        moved += batch
        if (batch > 0) progress(moved)
      }
    return moved
  }

  private async moveBatch(tx: Transaction, place: SealedPlace): Promise<number> {
    const { table, id, organization_id, sealed, where, update, context } = place
    const rows: SealedRow[] = await tx.manager.query(
      `select ${organization_id} as organization_id, ${id} as id, ${sealed} as sealed from ${table}
       where ${where} and split_part(${sealed}, '.', 1) <> $1 order by 1, 2 limit $2 for update`,
      [this.keyring.currentId, BATCH],
    )
    for (const row of rows) {
      const moved = this.keyring.seal(this.keyring.open(row.sealed, context(row)), context(row))
      await tx.manager.query(update, [moved, row.organization_id, row.id])
    }
    return rows.length
  }
}
