import { eventually, type TestServer } from './kit.js'

/** What closes an organization, and what its members are told then. */
export const closings: [state: string, change: string, detail: string][] = [
  ['being deleted', 'deletion_requested_at = now()', 'Your organization is being deleted.'],
  [
    'deactivated',
    `is_active = false, is_not_active_reason = 'Unpaid bills.'`,
    'Your organization has been deactivated. Unpaid bills.',
  ],
]

/**
 * Closes an organization while a call waits to write in it: the call has passed the guard, when there is one, and comes to
 * its turn after.
 */
export async function closedMeanwhile<Result>(
  { database: { dataSource } }: TestServer,
  organizationId: string,
  change: string,
  call: () => Promise<Result>,
): Promise<Result> {
  const runner = dataSource.createQueryRunner()
  await runner.connect()
  try {
    await runner.query('begin')
    await runner.query('select 1 from organizations where id = $1 for update', [organizationId])
    const answer = call()
    await eventually(
      () =>
        dataSource.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      (waiting: unknown[]) => waiting.length > 0,
    )
    await runner.query(`update organizations set ${change} where id = $1`, [organizationId])
    await runner.query('commit')
    return await answer
  } finally {
    await runner.release()
  }
}
