/** SQL: an event of the outbox that providers have not been told of yet. Nobody hears the other events of integrations. */
export const PROVIDERS_WAIT = `settled_at is null and type in (
  'organization_integration.installed', 'organization_integration.environments_mapped',
  'organization_integration.configured', 'organization_integration.purged')`
