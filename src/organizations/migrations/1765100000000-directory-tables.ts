import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES = ['organization_slugs', 'user_organizations', 'integration_directory']

/**
 * Tables that are asked before an organization is known refer to none: on a distributed engine they are on every node,
 * and an organization is on one. The purge clears them by its list of directories. A server of the version before purges
 * without that list; `OrganizationsPurge` clears what it leaves.
 * Locks: the three tables and `organizations` exclusively, for an instant.
 */
export class DirectoryTables1765100000000 implements MigrationInterface {
  readonly name = 'DirectoryTables1765100000000'

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`alter table ${table} drop constraint ${table}_organization_id_fkey`)
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      await runner.query(`delete from ${table} where organization_id not in (select id from organizations)`)
      await runner.query(
        `alter table ${table} add foreign key (organization_id) references organizations on delete cascade`,
      )
    }
  }
}
