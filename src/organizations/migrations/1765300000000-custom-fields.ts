import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Room for the fields that plugins add to organizations. Locks: `organizations` exclusively, for an instant. */
export class CustomFields1765300000000 implements MigrationInterface {
  readonly name = 'CustomFields1765300000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table organizations add column custom jsonb not null default '{}'`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table organizations drop column custom')
  }
}
