/**
 * Tables whose rows belong to an organization, with the column that says to which. A distributed engine keeps the rows of
 * one organization on one node, by this column. `docs/scaling.md` has the rules, and a test compares this with the schema.
 */
export const organizationTables: Readonly<Record<string, string>> = {
  organizations: 'id',
  organization_memberships: 'organization_id',
  projects: 'organization_id',
  organization_integrations: 'organization_id',
  project_integrations: 'organization_id',
  events: 'organization_id',
  event_heads: 'organization_id',
  event_deliveries: 'organization_id',
  integration_partings: 'organization_id',
}

/** Tables that are asked before an organization is known, or that belong to none. Each node has them whole. */
export const directoryTables: readonly string[] = [
  ...['users', 'personal_api_keys', 'user_organizations', 'organization_slugs', 'integration_directory'],
  ...['event_subscriptions', 'one_time_tokens', 'aws_marketplace_statuses', 'aws_marketplace_messages'],
  'security_events',
]

/** Tables that stay where they are: the migrations that ran, and what servers of an older version deliver. */
export const localTables: readonly string[] = ['migrations', 'outbox']
