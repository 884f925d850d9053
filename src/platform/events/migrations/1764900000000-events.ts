import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * The log of what happened in organizations, who listens to it, what waits to be delivered, and the integrations of
 * purged organizations whose providers must be told. What waited in the outbox is delivered from here. The outbox stays
 * for servers of the version before, which deliver what they publish themselves.
 * Locks: creates only.
 */
export class Events1764900000000 implements MigrationInterface {
  readonly name = 'Events1764900000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table events (
        organization_id uuid not null,
        id uuid not null,
        type varchar(100) not null,
        item_id varchar(200),
        payload jsonb not null,
        changes jsonb,
        user_id integer,
        credential_kind varchar(60) not null,
        credential_id varchar(100) not null,
        request_id varchar(200) not null,
        ip inet,
        user_agent varchar(500),
        created_at timestamptz not null default now(),
        seq bigint,
        hash bytea,
        primary key (organization_id, id)
      )`)
    await runner.query('create unique index events_seq on events (organization_id, seq) where seq is not null')
    await runner.query('create index events_unsealed on events (id) where seq is null')
    await runner.query(
      `create index events_last_of_organization on events (organization_id) where type = 'organization.purged'`,
    )
    await runner.query('create index events_age on events using brin (created_at)')
    await runner.query(`
      create table event_heads (
        organization_id uuid primary key,
        seq bigint not null,
        hash bytea not null,
        kept_after bigint not null default 0,
        kept_hash bytea
      )`)
    await runner.query(`
      create table event_subscriptions (
        name varchar(100) primary key,
        types text[] not null,
        ordered boolean not null,
        created_at timestamptz not null default now(),
        seen_at timestamptz not null default now()
      )`)
    await runner.query(`
      create table event_deliveries (
        organization_id uuid not null,
        subscription varchar(100) not null,
        event_id uuid not null,
        seq bigint not null,
        available_at timestamptz not null default now(),
        attempts integer not null default 0,
        last_error text,
        failed_at timestamptz,
        primary key (organization_id, subscription, event_id),
        foreign key (organization_id, event_id) references events on delete cascade
      )`)
    await runner.query(
      'create index event_deliveries_due on event_deliveries (subscription, available_at) where failed_at is null',
    )
    await runner.query(
      'create index event_deliveries_failing on event_deliveries (event_id) where attempts > 0 and failed_at is null',
    )
    await runner.query(
      'create index event_deliveries_failed on event_deliveries (failed_at, event_id) where failed_at is not null',
    )
    await runner.query(`
      create table integration_partings (
        organization_id uuid not null,
        id uuid not null,
        sealed text,
        created_at timestamptz not null default now(),
        primary key (organization_id, id)
      )`)
    await this.takeOver(runner)
  }

  /** What the outbox has not delivered yet is delivered from here. */
  private async takeOver(runner: QueryRunner): Promise<void> {
    await runner.query(`
      insert into integration_partings (organization_id, id, sealed)
      select organization_id, (payload->>'id')::uuid, payload->>'sealed' from outbox
      where settled_at is null and type = 'organization_integration.purged'
      on conflict do nothing`)
    await runner.query(`
      insert into events (organization_id, id, type, item_id, payload, changes, user_id, credential_kind, credential_id,
        request_id, created_at)
      select organization_id, id, type, coalesce(payload->>'id', organization_id::text),
        (payload - '{id,user_id,request_id,changes,sealed}'::text[])
          || case type when 'organization_integration.configured' then '{"told": true}'::jsonb else '{}' end,
        payload->'changes', (payload->>'user_id')::integer, 'system', 'outbox',
        coalesce(payload->>'request_id', 'outbox'), created_at
      from outbox where settled_at is null`)
    await runner.query('delete from outbox where settled_at is null')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table integration_partings, event_deliveries, event_subscriptions, event_heads, events')
  }
}
