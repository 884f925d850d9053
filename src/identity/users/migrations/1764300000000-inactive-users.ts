import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Indexes the few inactive users, so that counting active members does not read every user.
 * Locks: writers of `users` wait while the index is built, a second for each million of them.
 */
export class InactiveUsers1764300000000 implements MigrationInterface {
  readonly name = 'InactiveUsers1764300000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create index users_inactive on users (id) where not is_active')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index users_inactive')
  }
}
