/** What is mutated, in groups whose files share the tests that matter for them: each group has one worker. */
const purge = ['test/api/purge', 'test/api/purge-tables', 'test/api/interrupted-purge', 'test/contract/announcements']
const organizations = ['organizations', 'pages', 'lists', 'deletion', 'bad-input'].map(
  (name) => `test/contract/${name}`,
)

export const targets = [
  {
    files: ['src/access/scopes.guard.ts', 'src/access/access-cache.ts'],
    tests: [
      'test/contract/keys',
      'test/contract/refused-keys',
      'test/contract/deletion',
      'test/api/gates',
      'test/api/decisions',
      'test/security/access-rules',
      'test/security/revocation',
      'test/faults/redis',
    ],
  },
  {
    files: ['src/access/authentication.ts'],
    tests: [
      'test/contract/keys',
      'test/contract/refused-keys',
      'test/security/early-authentication',
      'test/security/authenticators',
      'test/security/access-rules',
      'test/api/rate-limits',
    ],
  },
  {
    files: ['src/identity/personal-api-keys/personal-api-keys.service.ts'],
    tests: ['test/contract/errors', 'test/contract/keys', 'test/security/revocation'],
  },
  {
    files: ['src/organizations/organizations.service.ts'],
    tests: [
      ...organizations,
      'test/api/gates',
      'test/api/hooks',
      'test/api/organization-fields',
      'test/api/decisions',
      'test/api/at-once',
      'test/api/write-after-delete',
      'test/security/revocation',
      'test/api/purge',
      'test/contract/announcements',
    ],
  },
  {
    files: ['src/organizations/organizations-purge.ts'],
    tests: [...purge, 'test/api/at-once', 'test/integrations/purge'],
  },
  {
    files: ['src/members/members.service.ts'],
    tests: [
      'test/contract/deletion',
      'test/security/revocation',
      'test/contract/organizations',
      'test/contract/announcements',
      'test/api/hooks',
    ],
  },
  {
    files: [
      'src/integrations/integrations.service.ts',
      'src/integrations/integration-installations.ts',
      'src/integrations/integration-sync.ts',
    ],
    tests: [
      'test/contract/integrations',
      'test/integrations/writes',
      'test/integrations/providers',
      'test/integrations/billing-gate',
      'test/integrations/closed-organizations',
      'test/api/decisions',
      'test/api/hooks',
      'test/api/at-once',
      'test/api/write-after-delete',
      'test/api/metrics',
    ],
  },
  { files: ['src/integrations/integrations-purge.ts'], tests: ['test/integrations/purge'] },
]
