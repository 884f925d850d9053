import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Remembers which listeners heard an event, and keeps it for a day after that: a server of a newer version may have
 * another listener for it. Locks: transactions that announce something wait while the indexes are built, a second for
 * each million waiting events.
 */
export class OutboxDeliveries1764600000000 implements MigrationInterface {
  readonly name = 'OutboxDeliveries1764600000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `alter table outbox add column delivered_to text[] not null default '{}', add column settled_at timestamptz`,
    )
    await runner.query('create index outbox_waiting on outbox (available_at, id) where settled_at is null')
    await runner.query('create index outbox_settled on outbox (settled_at) where settled_at is not null')
    await runner.query('create index outbox_settled_of_type on outbox (type) where settled_at is not null')
    await runner.query('drop index outbox_available')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('create index outbox_available on outbox (available_at, id)')
    await runner.query('delete from outbox where settled_at is not null')
    await runner.query('drop index outbox_waiting, outbox_settled, outbox_settled_of_type')
    await runner.query('alter table outbox drop column delivered_to, drop column settled_at')
  }
}
