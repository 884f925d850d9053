import type { MigrationInterface, QueryRunner } from 'typeorm'

/** The number at the end of the name is the time of its making in milliseconds: all migrations run in that order. */
export class CreateWidgets1767000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table widgets (
        organization_id uuid not null references organizations on delete cascade,
        id uuid not null,
        name varchar(64) not null,
        owner_id integer,
        primary key (organization_id, id),
        unique (organization_id, name)
      )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table widgets')
  }
}
