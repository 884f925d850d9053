/**
 * Statements that ask every node, with the reason, which `docs/scaling.md` repeats. None of them is part of a request of
 * the API. `text` is the statement with single spaces.
 */
export const overAllOrganizations: readonly { text: RegExp; reason: string }[] = [
  {
    text: /^select id from organizations where deletion_requested_at <= /,
    reason: 'The purge looks for organizations whose grace period is over.',
  },
  {
    text: /^select id, .* from organizations where id > \$1 order by id limit \$2$/,
    reason: '`polity organizations list` reads them page by page.',
  },
  {
    text: /^select organization_id, id, .* from events where seq is null order by id limit \$1$/,
    reason: 'The sealer looks for events without a number.',
  },
  {
    text: /^select \* from \(.* from event_deliveries d join events e .*\) due$/,
    reason: 'A server looks for deliveries that are due.',
  },
  {
    text: /^select distinct organization_id from \( ?select organization_id from events where created_at < /,
    reason: 'The retention of events looks for organizations with old ones.',
  },
  {
    text: /^select organization_id from events e where type = 'organization\.purged' /,
    reason: 'The retention of events looks for organizations that are gone.',
  },
  {
    text: /^select d\.organization_id, .* where d\.failed_at is not null order by d\.failed_at, d\.event_id limit \$1$/,
    reason: '`polity events failed` lists deliveries that were given up.',
  },
  {
    text: /^update event_deliveries set failed_at = null, attempts = 0, /,
    reason: '`polity events retry` makes deliveries due again.',
  },
  {
    text: /^select count\(\*\)::integer as count from \(select 1 from event/,
    reason: 'The metrics count events and deliveries that wait.',
  },
  {
    text: /^select kind, sync_state as state, count\(\*\)/,
    reason: 'The metrics count integrations whose provider was not told.',
  },
  {
    text: /^select .*split_part\((sensitive_config|sealed), '\.', 1\)/,
    reason: 'The start and `polity secrets rewrap` look for secrets by the key that sealed them.',
  },
  {
    text: /^select id as key, organization_id as value from projects where id = any\(\$1\)$/,
    reason: 'An import asks whose the project numbers of a file are.',
  },
]
