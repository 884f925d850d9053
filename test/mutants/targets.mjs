/** What is mutated, each with the tests that matter for it. */
const api = ['test/api/gates', 'test/api/at-once', 'test/api/purge', 'test/api/purge-tables']
const contract = ['test/contract/organizations', 'test/contract/pages', 'test/contract/deletion']
const keys = ['test/contract/keys', 'test/contract/refused-keys', 'test/security/revocation', 'test/contract/errors']
const integrations = ['test/contract/integrations', 'test/integrations/providers', 'test/integrations/billing-gate']

export const targets = {
  'src/auth/scopes.guard.ts': [...keys, 'test/contract/deletion', 'test/contract/errors', 'test/api/rate-limits'],
  'src/auth/access-cache.ts': [...keys, 'test/contract/deletion'],
  'src/auth/personal-api-keys.service.ts': [...keys, 'test/cli/cli'],
  'src/organizations/organizations.service.ts': [...contract, ...api, 'test/contract/announcements'],
  'src/organizations/organizations-purge.ts': [...api, 'test/api/failures'],
  'src/members/members.service.ts': [
    'test/contract/deletion',
    'test/security/revocation',
    'test/contract/organizations',
  ],
  'src/integrations/integrations.service.ts': integrations,
  'src/integrations/integration-installations.ts': [...integrations, 'test/integrations/secrets'],
  'src/integrations/integrations-purge.ts': ['test/integrations/purge'],
}
