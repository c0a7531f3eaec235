import { expect, test } from 'vitest'
import { longPageLines, longSourceLines, MAX_COLUMNS } from './line-length.ts'
import { readRepositoryText, repositoryFiles } from './repository-files.ts'

const LONG = 'x'.repeat(MAX_COLUMNS)

test.each([
  ['a sentence', `It is ${LONG}`, [1]],
  ['a sentence of just so many columns', LONG, []],
  ['letters outside ASCII count once', '\u{1F600}'.repeat(MAX_COLUMNS), []],
  ['a table', `| a | ${LONG} |`, []],
  ['a code block', `\`\`\`\n${LONG} ${LONG}\n\`\`\`\n${LONG}.`, [4]],
  ['the target of a link', `See [it](${LONG}).`, []],
  ['a sentence with a link', `See [it](x.md) ${LONG}`, [1]],
])('in a page: %s', (_, page, lines) => {
  expect(longPageLines(page).map(({ line }) => line)).toEqual(lines)
})

test.each([
  ['code', `const a = 1\nconst b = ${LONG}`, [2]],
  ['a comment', `/** It is ${LONG} */`, [1]],
  ['a text in a call', `  throw new Error('${LONG}')`, [1]],
  ['a table in a comment', ` * | a | ${LONG} |`, []],
  ['a regular expression', `const WORD =\n  /${LONG}${LONG}/g`, []],
  ['a text alone on its line', `  '${LONG}',`, [1]],
])('in a source: %s', (_, source, lines) => {
  expect(longSourceLines(source).map(({ line }) => line)).toEqual(lines)
})

test.each([
  ['a text', `  '${LONG}',`, []],
  ['a row', `  ['a', 404, '${LONG}', { b: 1 }],`, []],
  ['a member', `  text: '${LONG}',`, []],
  ['a statement', `  await expect(found).toEqual('${LONG}')`, [1]],
  ['a title', `test('a ${LONG}', () => {`, [1]],
  ['a comment', `// '${LONG}'`, [1]],
])('in a test: %s', (_, source, lines) => {
  expect(longSourceLines(source, { hasFixtures: true }).map(({ line }) => line)).toEqual(lines)
})

const SOURCES = /\.(?:ts|js|cjs|sql|py|ya?ml)$|(?:^|\/)Dockerfile$|^\.ci\/|\.md$/

/** Where longer lines stay, and why. Each must still have one. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'deploy/kubernetes/examples/config.yaml': 'JSON in a YAML block keeps its lines',
  'server/migrations/0001_initial.sql': 'a migration that ran somewhere is not edited',
  'server/migrations/0003_engines.sql': 'a migration that ran somewhere is not edited',
  'server/migrations/0004_keys_names_series.sql': 'a migration that ran somewhere is not edited',
}

const longLinesOf = (file: string) => {
  const text = readRepositoryText(file)
  return file.endsWith('.md')
    ? longPageLines(text)
    : longSourceLines(text, { hasFixtures: file.startsWith('test/') || file.endsWith('.test.ts') })
}

test(`no line is longer than ${MAX_COLUMNS} columns`, () => {
  const long = repositoryFiles()
    .filter((file) => SOURCES.test(file) && !(file in EXCEPTIONS))
    .flatMap((file) => longLinesOf(file).map(({ line, columns }) => `${file}:${line}: ${columns}`))
  expect(long).toEqual([])
})

test('every file that is excepted still needs it', () => {
  expect(Object.keys(EXCEPTIONS).filter((file) => longLinesOf(file).length === 0)).toEqual([])
})
