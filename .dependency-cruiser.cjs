/** Imports point one way: resource → access/, identity/ → platform/. What is ours meets at its index.ts. */
const RESOURCES = 'hooks|organizations|members|projects|current-user|integrations'

module.exports = {
  forbidden: [
    {
      name: 'platform-knows-no-business',
      comment: 'platform/ holds no business word, so it imports nothing but itself.',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(?!platform/)' },
    },
    {
      name: 'access-knows-no-resource',
      comment: 'Every resource uses access/, so access/ uses none.',
      severity: 'error',
      from: { path: '^src/access/' },
      to: { path: '^src/(?!platform/|access/|plugin)' },
    },
    {
      name: 'identity-knows-no-resource',
      comment: 'People exist before they belong to an organization.',
      severity: 'error',
      from: { path: '^src/identity/' },
      to: { path: '^src/(?!platform/|access/|identity/|plugin)' },
    },
    {
      name: 'hooks-know-no-resource',
      comment: 'The resources ask hooks/, which knows them by their types alone.',
      severity: 'error',
      from: { path: '^src/hooks/' },
      to: { path: '^src/(?!platform/|hooks/)' },
    },
    {
      name: 'meet-at-index',
      comment: "A resource uses another's index.ts, never its inner files; the same goes for access/ and identity/.",
      severity: 'error',
      from: { path: `^src/(access|identity|${RESOURCES})/` },
      to: { path: `^src/(access|identity|${RESOURCES})/`, pathNot: ['^src/$1/', '/index\\.ts$'] },
    },
    {
      name: 'server-is-the-outermost',
      comment: 'The server, alone or inside of another application, uses the modules, so no module uses it.',
      severity: 'error',
      from: { path: '^src/(?!server/|compat/|testing/|index|plugins|polity)' },
      to: { path: '^src/(server|compat)/' },
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
