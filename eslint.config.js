import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** What a folder of the server may import, beside itself. Stages meet in the database, in a record, or in app.ts. */
const EVERYWHERE = ['db', 'runtime']
const ARROWS = {
  contract: [],
  runtime: [],
  db: ['runtime'],
  broker: EVERYWHERE,
  api: EVERYWHERE,
  publish: EVERYWHERE,
  dispatch: EVERYWHERE,
  ownership: EVERYWHERE,
  delivery: EVERYWHERE,
  recovery: EVERYWHERE,
  import: EVERYWHERE,
  'dead-letters': EVERYWHERE,
  canary: EVERYWHERE,
}
const FOLDERS = Object.keys(ARROWS).filter((folder) => folder !== 'contract')

/**
 * The record that travels between stages is the one file of the broker that stages may know; api calls the publish port by its type.
 * The canary goes in at one end of an event's way and comes out at the other. What the import takes must be what a creation would have taken, so it asks the same rules.
 */
const PORTS = {
  publish: ['broker/broker.ts'],
  dispatch: ['broker/broker.ts'],
  ownership: ['broker/broker.ts'],
  api: ['publish/publish.ts'],
  canary: ['publish/publish.ts', 'delivery/sender.ts'],
  import: ['api/subscriptions/rules.ts', 'api/subscriptions/living.ts', 'api/subscriptions/distinct-targets.ts', 'api/json-body.ts', 'api/shown-text.ts'],
}

const escaped = (text) => text.replaceAll('.', '\\.').replaceAll('/', '\\/')

/** Relative imports that leave a stage for another one, but for the ports. */
function forbiddenImports(folder) {
  const others = FOLDERS.filter((other) => other !== folder && !ARROWS[folder].includes(other))
  const ports = (PORTS[folder] ?? []).map(escaped).join('|')
  const exceptPorts = ports === '' ? '' : `(?!(${ports})$)`
  return {
    regex: `^(\\.\\./)+${exceptPorts}(${others.join('|')})/`,
    message: `server/${folder} may not import this stage: stages meet in the database or in app.ts`,
  }
}

const OUTSIDE = { regex: '(^|/)(test|demo|harness)/|^@tidings/(test|demo|harness)/', message: 'the service knows nothing of its tests, its demo and its harness' }

const stageRules = FOLDERS.map((folder) => ({
  files: [`server/${folder}/**/*.ts`],
  ignores: ['**/*.test.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns: [forbiddenImports(folder), OUTSIDE] }] },
}))

export default defineConfig(
  { ignores: ['**/node_modules/', '.tidings/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true, IIFEs: false }],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'named exports only' }],
      'no-restricted-globals': ['error', { name: 'setTimeout', message: 'waiting takes a signal: node:timers/promises' }],
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'config.ts is the one place that reads the environment' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Parts are plain objects of functions that close over their state; none uses `this`.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['test/**', 'harness/**', 'demo/**', '**/*.test.ts', 'vitest.config.ts', 'server/main.ts', 'server/token.ts', 'server/import.ts', 'server/dead-letters.ts', 'server/healthcheck.ts', 'server/config-docs.ts', 'server/db/libpq-environment.ts', 'server/delivery/names/helper-environment.ts', 'server/runtime/first.ts', 'server/runtime/signals.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  { files: ['**/*.test.ts'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['vitest.config.ts', 'test/support/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
  ...stageRules,
  { files: ['contract/*.ts'], ignores: ['**/*.test.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^(?!typebox|\\./)', message: 'contract imports only typebox' }] }] } },
  { files: ['server/*.ts'], ignores: ['**/*.test.ts'], rules: { 'no-restricted-imports': ['error', { patterns: [OUTSIDE] }] } },
  { files: ['**/*.js', '**/*.cjs'], extends: [tseslint.configs.disableTypeChecked] },
  // Parsed by old versions of Node.js too.
  {
    files: ['**/*.cjs'],
    languageOptions: { ecmaVersion: 5, sourceType: 'commonjs', globals: { require: 'readonly', process: 'readonly', __dirname: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off', 'no-var': 'off', 'prefer-const': 'off' },
  },
)
