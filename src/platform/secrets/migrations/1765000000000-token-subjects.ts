import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Adds the subject of a one-time token: only the newest token for a subject works.
 * Locks: the table for an instant; its index is built on the few tokens that are valid.
 */
export class TokenSubjects1765000000000 implements MigrationInterface {
  readonly name = 'TokenSubjects1765000000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table one_time_tokens add column subject varchar(43)')
    await runner.query('create unique index one_time_tokens_subject on one_time_tokens (subject)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table one_time_tokens drop column subject')
  }
}
