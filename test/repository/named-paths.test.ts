import { expect, test } from 'vitest'
import { foldersOf } from './links.ts'
import { filesNamedInComments, isPathThere, pathsNamedIn, scriptsNamedIn } from './named-paths.ts'
import { readRepositoryText, repositoryFiles } from './repository-files.ts'

const ROOT_FOLDERS = new Set(['server', 'test', '.ci'])
const PATHS = ['server', 'server/api', 'server/api/route.ts', 'server/db/sql.ts', 'test/a.test.ts', '.ci', '.ci/run']

test('paths are found in code: below a folder of the root, or with an extension', () => {
  const page =
    'In `server/api/`, `route.ts` and server/not/code; `POST /events`, `1/2`, `jobs.*.*`.\n```sh\nbash .ci/run test/a.test.ts\n```'
  expect(pathsNamedIn(page, ROOT_FOLDERS)).toEqual([
    { line: 1, path: 'server/api/' },
    { line: 1, path: 'route.ts' },
    { line: 3, path: '.ci/run' },
    { line: 3, path: 'test/a.test.ts' },
  ])
})

test('files are found in comments', () => {
  const source = "/** In `a/b.ts`, or c.sql. */\nimport './d.ts' // see e.ts: why\n-- f.sql\n * (g/h.ts), not i.txt"
  expect(filesNamedInComments(source)).toEqual([
    { line: 1, path: 'a/b.ts' },
    { line: 1, path: 'c.sql' },
    { line: 2, path: 'e.ts' },
    { line: 3, path: 'f.sql' },
    { line: 4, path: 'g/h.ts' },
  ])
})

test.each([
  ['server/api/', true],
  ['server/api/route.ts', true],
  ['route.ts', true],
  ['api/route.ts', true],
  ['oute.ts', false],
  ['server/route.ts', false],
  ['server/{api,db}/*.ts', true],
  ['server/<area>/route.ts', true],
  ['server/*.ts', false],
  ['test/gone.test.ts', false],
])('%s is there: %s', (path, isThere) => {
  expect(isPathThere(path, PATHS, ROOT_FOLDERS)).toBe(isThere)
})

test('scripts are those after npm run', () => {
  expect(scriptsNamedIn('`npm run token -- --x`, npm run --silent test:unit; npm test\nnpm run token')).toEqual([
    'token',
    'test:unit',
  ])
})

const files = repositoryFiles()
const paths = [...files, ...foldersOf(files)]
const rootFolders = new Set(foldersOf(files).filter((folder) => !folder.includes('/') && folder !== '.'))
/** The changelog tells of what was. */
const pages = files.filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md')

/** Names that a user makes, or that belong to others. Each must still be named somewhere. */
const NOT_OF_THE_REPOSITORY = new Set([
  'tenants.json', // these three are made by the reader
  'my-config.yaml',
  'my-secret.yaml',
  '.tidings/development-keys.json', // made by the service
  'notification.json', // the name of a mail's attachment
  'docker-compose.yml', // of the Tapis deployer
  'api/deploy.yml',
  'dispatcher/deploy.yml',
])

test('every file and folder that a page names in code exists', () => {
  const missing = pages.flatMap((page) =>
    pathsNamedIn(readRepositoryText(page), rootFolders)
      .filter(({ path }) => !NOT_OF_THE_REPOSITORY.has(path) && !isPathThere(path, paths, rootFolders))
      .map(({ line, path }) => `${page}:${line}: ${path}`),
  )
  expect(missing).toEqual([])
})

/** Examples of names. */
const EXAMPLES = new Set(['results.md', '0007_what_it_does.sql', 'e.ts', 'g/h.ts'])

test('every file that a comment names exists', () => {
  const missing = files
    .filter((file) => /\.(?:ts|js|cjs|sql)$/.test(file))
    .flatMap((file) =>
      filesNamedInComments(readRepositoryText(file))
        .filter(({ path }) => !EXAMPLES.has(path) && !isPathThere(path, paths, rootFolders))
        .map(({ line, path }) => `${file}:${line}: ${path}`),
    )
  expect(missing).toEqual([])
})

test('every name that is excepted is still needed', () => {
  const named = new Set(
    pages.flatMap((page) => pathsNamedIn(readRepositoryText(page), rootFolders).map(({ path }) => path)),
  )
  const idle = [...NOT_OF_THE_REPOSITORY].filter((name) => !named.has(name) || isPathThere(name, paths, rootFolders))
  expect(idle).toEqual([])
})

test('every script that a page runs is one of package.json', () => {
  const { scripts } = JSON.parse(readRepositoryText('package.json')) as { scripts: Record<string, string> }
  const missing = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((page) =>
      scriptsNamedIn(readRepositoryText(page))
        .filter((name) => !(name in scripts))
        .map((name) => `${page}: npm run ${name}`),
    )
  expect(missing).toEqual([])
})
