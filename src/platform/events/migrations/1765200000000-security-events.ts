import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * What concerns a person rather than an organization: their keys, their sign-ins, their account. A directory table; it
 * goes with the person.
 * Locks: `users` against writes for a moment, for the foreign key.
 */
export class SecurityEvents1765200000000 implements MigrationInterface {
  readonly name = 'SecurityEvents1765200000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table security_events (
        user_id integer not null references users on delete cascade,
        id uuid not null,
        type varchar(100) not null,
        payload jsonb not null,
        by_user_id integer,
        credential_kind varchar(60) not null,
        credential_id varchar(100) not null,
        request_id varchar(200) not null,
        ip inet,
        user_agent varchar(500),
        current_organization_id uuid,
        at timestamptz not null default now(),
        primary key (user_id, id)
      )`)
    await runner.query(
      'create index security_events_of_organization on security_events (current_organization_id, id) where current_organization_id is not null',
    )
    await runner.query('create index security_events_age on security_events using brin (at)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table security_events')
  }
}
