import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Lets any number of users be without an e-mail address: the empty address belongs to nobody.
 * Locks: writers of `users` wait while the index is built, a second for each million of them.
 */
export class UsersWithoutEmail1764400000000 implements MigrationInterface {
  readonly name = 'UsersWithoutEmail1764400000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('drop index users_email')
    await runner.query(`create unique index users_email on users (lower(email)) where email <> ''`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index users_email')
    await runner.query('create unique index users_email on users (lower(email))')
  }
}
