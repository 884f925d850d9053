import regexp from 'eslint-plugin-regexp'
import tseslint from 'typescript-eslint'

const typed = ['src/**/*.ts', 'test/**/*.ts', 'examples/**/*.ts', 'ormconfig.ts']

export default tseslint.config(
  { ignores: ['**/dist/', 'coverage/', 'data/', 'node_modules/'] },
  ...tseslint.configs.recommended,
  {
    files: typed,
    extends: [tseslint.configs.recommendedTypeCheckedOnly],
    // A function that returns a promise by its type may be `async` without waiting for anything: then what it throws is a rejection.
    rules: { '@typescript-eslint/require-await': 'off' },
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.test.json', 'examples/*/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
  },
  {
    // The body of an answer is whatever a test finds in it, and a test may print it.
    files: ['test/**/*.ts', 'examples/*/test/**/*.ts', 'src/**/*.spec.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // node:test waits for these itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['describe', 'it'], package: 'node:test' }] },
      ],
    },
  },
  {
    plugins: { regexp },
    rules: {
      // A stranger's header must not cost more than its length: no pattern backtracks, none is tried again at each letter.
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignoreSticky: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
)
