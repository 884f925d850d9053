import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * The integrations of organizations and of their projects.
 * Locks: creates only; the foreign keys take a share lock on what they refer to, for an instant.
 */
export class Integrations1764000000000 implements MigrationInterface {
  readonly name = 'Integrations1764000000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table organization_integrations (
        organization_id uuid not null references organizations on delete cascade,
        id uuid not null,
        kind varchar(50) not null,
        integration_id text,
        config jsonb not null default '{}',
        created_by_id integer references users on delete set null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        primary key (organization_id, id),
        unique (organization_id, kind, integration_id)
      )`)
    await runner.query(`
      create table project_integrations (
        organization_id uuid not null references organizations on delete cascade,
        id uuid not null,
        project_id integer not null,
        kind varchar(50) not null,
        integration_id text,
        config jsonb not null default '{}',
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        primary key (organization_id, id),
        unique (organization_id, project_id, kind, integration_id),
        foreign key (organization_id, project_id) references projects on delete cascade
      )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table project_integrations, organization_integrations')
  }
}
