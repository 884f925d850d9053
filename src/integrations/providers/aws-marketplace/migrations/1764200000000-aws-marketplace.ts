import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Keeps what Amazon SNS reported about subscriptions, which may be before anyone claims them, and which messages were
 * handled. Locks: none that anyone waits for; both tables are new.
 */
export class AwsMarketplace1764200000000 implements MigrationInterface {
  readonly name = 'AwsMarketplace1764200000000'

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table aws_marketplace_statuses (
        product_code text not null,
        customer_identifier text not null,
        status varchar(20) not null,
        status_at timestamptz not null,
        primary key (product_code, customer_identifier)
      )`)
    await runner.query(`
      create table aws_marketplace_messages (
        message_id text primary key,
        received_at timestamptz not null default now()
      )`)
    await runner.query('create index aws_marketplace_messages_age on aws_marketplace_messages (received_at)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table aws_marketplace_messages, aws_marketplace_statuses')
  }
}
