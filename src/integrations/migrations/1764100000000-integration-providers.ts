import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * What providers need: sealed secrets, how far the provider has been told, and a directory from the provider's ids to
 * the organizations. Locks: `organization_integrations` exclusively, for an instant; no row is rewritten.
 */
export class IntegrationProviders1764100000000 implements MigrationInterface {
  readonly name = 'IntegrationProviders1764100000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table organization_integrations
        add column sensitive_config text,
        add column revision integer not null default 0,
        add column sync_state varchar(10),
        add column sync_error text,
        add column synced_at timestamptz`)
    await runner.query(`
      create table integration_directory (
        kind varchar(50) not null,
        integration_id text not null,
        organization_id uuid not null references organizations on delete cascade,
        id uuid not null,
        removed_at timestamptz,
        primary key (kind, integration_id)
      )`)
    await runner.query('create index integration_directory_organization on integration_directory (organization_id)')
    await runner.query(`
      create table one_time_tokens (
        hash text primary key,
        purpose varchar(40) not null,
        sealed text not null,
        expires_at timestamptz not null
      )`)
    await runner.query('create index one_time_tokens_expiry on one_time_tokens (expires_at)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table one_time_tokens, integration_directory')
    await runner.query(`
      alter table organization_integrations
        drop column synced_at, drop column sync_error, drop column sync_state, drop column revision,
        drop column sensitive_config`)
  }
}
