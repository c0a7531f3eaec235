import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

/**
 * Folders of the server that each folder may import, beside itself. Stages meet in the database, in a record, or in
 * app.ts.
 */
const EVERYWHERE = ['db', 'runtime']
const ARROWS = {
  runtime: [],
  config: ['runtime'],
  db: ['runtime'],
  subscriptions: EVERYWHERE,
  broker: [...EVERYWHERE, 'config'],
  api: [...EVERYWHERE, 'subscriptions', 'config'],
  publish: EVERYWHERE,
  lanes: EVERYWHERE,
  dispatch: [...EVERYWHERE, 'lanes'],
  ownership: EVERYWHERE,
  delivery: [...EVERYWHERE, 'lanes', 'config'],
  recovery: [...EVERYWHERE, 'subscriptions'],
  import: [...EVERYWHERE, 'subscriptions', 'config'],
  'dead-letters': [...EVERYWHERE, 'config'],
  canary: [...EVERYWHERE, 'subscriptions'],
}

/** Loose files of the server that every folder may import. The others put parts together, as wiring and commands do. */
const LOOSE_FILES = ['log.ts', 'package.json']

/**
 * Files that one stage offers to others: the record that travels between stages with the rule of its order, and the
 * publish port, which the api and the canary know by its type. The canary follows an event from its publish to its
 * delivery, so it knows both ends.
 */
const PORTS = {
  publish: ['broker/broker.ts', 'broker/chain.ts'],
  dispatch: ['broker/broker.ts'],
  ownership: ['broker/broker.ts'],
  api: [
    'publish/publish.ts',
    'publish/publish-context.ts',
    'publish/publish-error.ts',
    '@tidings/embedded-postgres/data-directory.ts',
  ],
  canary: ['publish/publish.ts', 'delivery/sender.ts'],
}

const SERVER = join(import.meta.dirname, 'server')

/** What is imported: a path relative to server/, or the specifier of another workspace or a package. */
function importedPath(importer, specifier) {
  if (specifier.startsWith('@tidings/server/')) return specifier.slice('@tidings/server/'.length)
  if (!specifier.startsWith('.')) return specifier
  return relative(SERVER, resolve(dirname(importer), specifier)).replaceAll(sep, '/')
}

const isPackage = (specifier) =>
  specifier.startsWith('@tidings/contract/') || !(specifier.startsWith('.') || specifier.startsWith('@tidings/'))

/**
 * Refuses imports that leave a stage, but for the arrows, the ports and the loose files above. Compares paths, so
 * nested folders, types, re-exports and import() cannot evade it.
 */
const stageImports = {
  create(context) {
    const folder = relative(SERVER, context.filename).split(sep)[0]
    const folders = [folder, ...(ARROWS[folder] ?? [])]
    const files = [...LOOSE_FILES, ...(PORTS[folder] ?? [])]

    function check({ source }) {
      if (typeof source?.value !== 'string' || isPackage(source.value)) return
      const path = importedPath(context.filename, source.value)
      if (files.includes(path) || folders.some((name) => path.startsWith(`${name}/`))) return
      const message = `server/${folder} may not import ${path}: stages meet in the database or in app.ts`
      context.report({ node: source, message })
    }
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    }
  },
}

/** The embedded PostgreSQL is a workspace of its own, below every stage. */
const BELOW_STAGES = {
  regex: '^@tidings/(?!server/(db|runtime)/|server/log\\.ts$|contract/)',
  message: 'embedded-postgres knows db, runtime and log of the server',
}

const OUTSIDE = {
  regex: '(^|/)(test|demo|harness)/|^@tidings/(test|demo|harness)/',
  message: 'the service knows nothing of its tests, its demo and its harness',
}

const NAMED_EXPORTS = { selector: 'ExportDefaultDeclaration', message: 'named exports only' }

/** A statement that writes a subscription or its targets (docs/decisions/0027). */
const WRITES = String.raw`insert\s+into|update(\s+only)?|delete\s+from(\s+only)?|merge\s+into|truncate(\s+table)?`
const WRITES_SUBSCRIPTIONS = String.raw`/\b(${WRITES})\s+(subscription|delivery_target)\b/`
const ONE_WRITER = [`TemplateElement[value.raw=${WRITES_SUBSCRIPTIONS}]`, `Literal[value=${WRITES_SUBSCRIPTIONS}]`].map(
  (selector) => ({
    selector,
    message: 'server/subscriptions alone writes the tables subscription and delivery_target (docs/decisions/0027)',
  }),
)

/** The tables that the migrations create, and the one that tells which of them have run. */
const MIGRATIONS = join(SERVER, 'migrations')
const TABLES = [
  'migration',
  ...readdirSync(MIGRATIONS)
    .map((name) => readFileSync(join(MIGRATIONS, name), 'utf8'))
    .flatMap((text) => [...text.matchAll(/^create table (\w+)/gm)].map(([, table]) => table)),
].join('|')

/** Statements of tests on tables of the service. Those that create a table stand for another program's. */
const BEFORE_TABLE = [
  String.raw`\b(from|join|into|update|truncate|(lock|alter|drop)\s+table)(\s+only)?`,
  String.raw`\btrigger\s[^;]*\son`,
].join('|')
const ON_TABLE = String.raw`/(${BEFORE_TABLE})\s+(\w+\.)?(${TABLES})\b/i`
const QUERIES = ':matches(CallExpression[callee.name="queryOnce"], CallExpression[callee.property.name="query"])'
const STORED_STATE = [
  `TaggedTemplateExpression[tag.name='sql'] TemplateElement[value.raw=${ON_TABLE}]`,
  `TaggedTemplateExpression[tag.name='sql'] TemplateElement[value.raw=/^(${TABLES})$|publish_records/]`,
  `${QUERIES} > :not(TaggedTemplateExpression) TemplateElement[value.raw=${ON_TABLE}]`,
  `${QUERIES} Literal[value=${ON_TABLE}]`,
].map((selector) => ({
  selector,
  message: 'tests read and write tables of the service through test/support/stored-state.ts',
}))

export default defineConfig(
  { ignores: ['**/node_modules/', '.tidings/', 'dist/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 80, skipComments: true, skipBlankLines: true, IIFEs: false }],
      'no-restricted-syntax': ['error', NAMED_EXPORTS],
      'object-shorthand': ['error', 'properties'],
      'no-useless-rename': 'error',
      'no-restricted-globals': [
        'error',
        { name: 'setTimeout', message: 'waiting takes a signal: node:timers/promises' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'config.ts is the one place that reads the environment' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Parts are plain objects of functions that close over their state; none uses `this`.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: [
      'test/**',
      'harness/**',
      'demo/**',
      '**/*.test.ts',
      'vitest.config.ts',
      'scripts/**',
      'server/main.ts',
      'server/commands/token.ts',
      'server/commands/import.ts',
      'server/commands/dead-letters.ts',
      'server/commands/healthcheck.ts',
      'server/commands/config-docs.ts',
      'server/db/libpq-environment.ts',
      'server/delivery/names/lookup-environment.ts',
      'server/runtime/preload.ts',
      'server/runtime/signals.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  { files: ['**/*.test.ts'], rules: { 'max-lines-per-function': 'off' } },
  // A test without fixtures takes `{}`: the runner insists on the pattern.
  { files: ['test/**'], rules: { 'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }] } },
  { files: ['vitest.config.ts', 'test/fast.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['test/*.test.ts'],
    ignores: ['test/database-*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', NAMED_EXPORTS, ...STORED_STATE] },
  },
  // A set-up of the test runner has to be a default export.
  {
    files: ['test/support/*.ts'],
    ignores: ['test/support/former-release.ts'],
    rules: { 'no-restricted-syntax': ['error', ...STORED_STATE] },
  },
  {
    files: ['**/*.ts'],
    ignores: ['server/subscriptions/**', 'test/**', 'harness/**', '**/*.test.ts', 'vitest.config.ts'],
    rules: { 'no-restricted-syntax': ['error', NAMED_EXPORTS, ...ONE_WRITER] },
  },
  {
    files: ['server/*/**/*.ts'],
    ignores: ['**/*.test.ts', 'server/{wiring,commands}/**'],
    plugins: { house: { rules: { 'stage-imports': stageImports } } },
    rules: { 'house/stage-imports': 'error' },
  },
  {
    files: ['embedded-postgres/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [BELOW_STAGES] }] },
  },
  {
    files: ['contract/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!typebox|\\./)', message: 'contract imports only typebox' }] },
      ],
    },
  },
  {
    files: ['embedded-postgres/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(\\.\\./|@tidings/)', message: 'embedded-postgres knows nothing of the service' }] },
      ],
    },
  },
  {
    files: ['server/*.ts', 'server/{wiring,commands}/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [OUTSIDE] }] },
  },
  { files: ['**/*.js', '**/*.cjs'], extends: [tseslint.configs.disableTypeChecked] },
  // Parsed by old versions of Node.js too.
  {
    files: ['**/*.cjs'],
    languageOptions: {
      ecmaVersion: 5,
      sourceType: 'commonjs',
      globals: { require: 'readonly', process: 'readonly', __dirname: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off', 'no-var': 'off', 'prefer-const': 'off' },
  },
)
