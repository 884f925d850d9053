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
    for (const place of sealedPlaces)
      for await (const id of this.keysOf(place)) if (!this.keyring.holds(id)) throw await this.missing(id)
  }

  /**
   * Moves everything that another key sealed to the current key. Each batch is a transaction: if it is stopped, the next run
   * goes on. @returns how many were moved
   */
  async run(progress: (moved: number) => void = () => undefined): Promise<number> {
    let moved = 0
    for (const place of sealedPlaces)
      for await (const id of this.keysOf(place)) {
        if (id === this.keyring.currentId) continue
        for (let batch = BATCH; batch === BATCH;) {
          batch = await this.database.longTransaction((tx) => this.moveBatch(tx, place, id))
          moved += batch
          if (batch > 0) progress(moved)
        }
      }
    return moved
  }

  /** The ids of the keys in use there: one step in the index for each key, however many values it sealed. */
  private async *keysOf(place: SealedPlace): AsyncGenerator<string> {
    const next = `select ${keyOf(place)} as id from ${place.table} where ${place.where} and ${keyOf(place)} > $1
      order by ${keyOf(place)} limit 1`
    for (let last = ''; ;) {
      const [found]: { id: string }[] = await this.database.dataSource.query(next, [last])
      if (!found) return
      last = found.id
      yield last
    }
  }

  private async missing(id: string): Promise<StartError> {
    let count = 0
    for (const place of sealedPlaces) {
      const statement = `select count(*)::integer as count from ${place.table} where ${place.where} and ${keyOf(place)} = $1`
      const [row] = await this.database.dataSource.query<{ count: number }[]>(statement, [id])
      count += row!.count
    }
    return new StartError(
      `INTEGRATION_ENCRYPTION_KEYS lacks the key "${id}", under which ${count} secrets of integrations are sealed. Add it after the current one, and remove it only when "polity secrets rewrap" has moved them.`,
    )
  }

  private async moveBatch(tx: Transaction, place: SealedPlace, keyId: string): Promise<number> {
    const { table, id, organization_id, sealed, where, update, context } = place
    const rows: SealedRow[] = await tx.manager.query(
      `select ${organization_id} as organization_id, ${id} as id, ${sealed} as sealed from ${table}
       where ${where} and ${keyOf(place)} = $1 limit $2`,
      [keyId, BATCH],
    )
    if (rows.length === 0) return 0
    const moved = rows.map((row) => this.keyring.seal(this.keyring.open(row.sealed, context(row)), context(row)))
    const [organizations, ids] = [rows.map((row) => row.organization_id), rows.map((row) => row.id)]
    await tx.manager.query(update, [moved, organizations, ids, rows.map((row) => row.sealed)])
    return rows.length
  }
}

/** SQL for the id of the key that sealed a value. Each place has an index on it. */
const keyOf = ({ sealed }: SealedPlace): string => `split_part(${sealed}, '.', 1)`
