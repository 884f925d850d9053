/** Imports point one way: a resource may use platform/ and auth/; platform/ uses neither; resources meet at index.ts. */
module.exports = {
  forbidden: [
    {
      name: 'platform-knows-no-business',
      comment: 'platform/ holds no business word, so it imports nothing from the resources or auth/.',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(?!platform/)' },
    },
    {
      name: 'auth-knows-no-resource',
      comment: 'Every resource uses auth/, so auth/ uses none.',
      severity: 'error',
      from: { path: '^src/auth/' },
      to: { path: '^src/(?!platform/|auth/)' },
    },
    {
      name: 'resources-meet-at-index',
      comment: "A resource uses another's index.ts, never its inner files.",
      severity: 'error',
      from: { path: '^src/(organizations|members|projects|users|integrations)/' },
      to: {
        path: '^src/(organizations|members|projects|users|integrations)/',
        pathNot: ['^src/$1/', '/index\\.ts$'],
      },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'The test kit drives the whole server, so no part of the server uses it.',
      severity: 'error',
      from: { path: '^src/(?!testing/)' },
      to: { path: '^src/testing/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    tsPreCompilationDeps: false,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'node'] },
  },
}
