/** SQL of a table: what providers have not been told of yet, sealed for its listeners or about to be. */
export const PROVIDERS_WAIT = `(
  select organization_id, attempts, last_error from event_deliveries where subscription like 'integrations.%'
  union all
  select organization_id, 0, null from events where seq is null and type like 'organization_integration.%'
) waiting`
