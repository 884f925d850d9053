import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Finds the few rows that the list of projects, the metrics and the moving of secrets to another key look for, without
 * reading a whole table. Locks: writers of the four tables wait while the indexes are built, a second for each million rows.
 */
export class PartialIndexes1764700000000 implements MigrationInterface {
  readonly name = 'PartialIndexes1764700000000'

  async up(runner: QueryRunner): Promise<void> {
    for (const index of [
      `organizations_restricted on organizations (id)
        where not is_active or deletion_requested_at is not null or not members_can_use_personal_api_keys`,
      `outbox_failing on outbox (id) where settled_at is null and attempts > 0`,
      `outbox_sealed on outbox (split_part(payload->>'sealed', '.', 1))
        where type = 'organization_integration.purged' and payload->>'sealed' is not null`,
      `organization_integrations_not_synced on organization_integrations (kind, sync_state)
        where sync_state <> 'synced'`,
      `organization_integrations_sealed on organization_integrations (split_part(sensitive_config, '.', 1))
        where sensitive_config is not null`,
      `one_time_tokens_sealed on one_time_tokens (split_part(sealed, '.', 1)) where sealed <> ''`,
    ])
      await runner.query(`create index ${index}`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop index organizations_restricted, outbox_failing, outbox_sealed,
      organization_integrations_not_synced, organization_integrations_sealed, one_time_tokens_sealed`)
  }
}
