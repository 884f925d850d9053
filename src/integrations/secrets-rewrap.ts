import { Injectable, type OnApplicationBootstrap } from '@nestjs/common'
import { Database } from '../platform/database/database.js'
import { Keyring } from '../platform/secrets/keyring.js'
import { StartError } from '../platform/start-error.js'
import { OrganizationIntegration, sealContext } from './organization-integration.entity.js'

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
    const used: { id: string; rows: number }[] = await this.database.dataSource.query(
      `select split_part(sensitive_config, '.', 1) as id, count(*)::integer as rows from organization_integrations
       where sensitive_config is not null group by 1 order by 1`,
    )
    const missing = used.find(({ id }) => !this.keyring.holds(id))
    if (missing)
      throw new StartError(
        `INTEGRATION_ENCRYPTION_KEYS lacks the key "${missing.id}", under which the secrets of ${missing.rows} integrations are sealed. Add it after the current one, and remove it only when "polity secrets rewrap" has moved them.`,
      )
  }

  /**
   * Seals everything under the current key that another one sealed. Each batch is a transaction: ended anywhere, the next
   * run goes on. @returns how many were moved
   */
  async run(progress: (moved: number) => void = () => undefined): Promise<number> {
    let moved = 0
    for (let batch = BATCH; batch === BATCH; progress(moved)) {
      batch = await this.moveBatch()
      moved += batch
    }
    return moved
  }

  private moveBatch(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const rows: OrganizationIntegration[] = await tx.manager.query(
        `select organization_id, id, sensitive_config from organization_integrations
         where sensitive_config is not null and split_part(sensitive_config, '.', 1) <> $1
         order by organization_id, id limit $2 for update`,
        [this.keyring.currentId, BATCH],
      )
      for (const row of rows) {
        const secrets = this.keyring.open(row.sensitive_config!, sealContext(row))
        await tx.manager.query(
          'update organization_integrations set sensitive_config = $3 where organization_id = $1 and id = $2',
          [row.organization_id, row.id, this.keyring.seal(secrets, sealContext(row))],
        )
      }
      return rows.length
    })
  }
}
