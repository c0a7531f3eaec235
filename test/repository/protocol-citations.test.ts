import { expect, test } from 'vitest'
import { citationsIn, deadCitations, oldCitations, readProtocolNumbers } from './protocol-citations.ts'
import { readRepositoryText, repositoryFiles } from './repository-files.ts'

/** Those that have examples of wrong citations. */
const OURS = ['test/repository/protocol-citations.test.ts', 'test/repository/protocol-citations.ts']

const PROTOCOL = readProtocolNumbers(readRepositoryText('docs/protocol.md'))
const SAMPLE = readProtocolNumbers(
  '# Page\n## 1. One\n### 1.4 Rows\n| Row | |\n|---|---|\n| 1 | a |\n| 3 | b |\n```\n## 7. Code\n```\n' +
    '## 4. Four\n### 4.2 Two\n| 9 | c |\n### 4.10 Ten\n## 11. Items\n| 2 | d |\n',
)

const sources = () => repositoryFiles().filter((file) => /\.(?:ts|js|cjs|sql|md)$/.test(file) && !OURS.includes(file))

const inEachSource = (find: (text: string) => string[]) =>
  sources().flatMap((file) => find(readRepositoryText(file)).map((found) => `${file}:${found}`))

test('numbers are those of headings and of the two tables, not of code blocks and other tables', () => {
  expect(SAMPLE).toEqual({
    section: new Set(['1', '1.4', '4', '4.2', '4.10', '11']),
    row: new Set(['1', '3']),
    item: new Set(['2']),
  })
})

test.each([
  ['as it is (protocol 4.2).', ['section 4.2']],
  ['protocol 7', ['section 7']],
  ['protocol 4.2 and 4.5, where 3 rows are', ['section 4.2', 'section 4.5']],
  ['protocol 3.4, 3.6, 3.7', ['section 3.4', 'section 3.6', 'section 3.7']],
  ['protocol 4.1 to 4.4', ['section 4.1', 'section 4.2', 'section 4.3', 'section 4.4']],
  ['protocol 1.3, allowable', ['section 1.3']],
  ['Protocol row 7, protocol item 9: a title', ['row 7', 'item 9']],
  ['protocol rows 3-5 and 9, and 11', ['row 3', 'row 4', 'row 5', 'row 9', 'row 11']],
  ['protocol items 10 and 11', ['item 10', 'item 11']],
  ['/** by the protocol\n   * 4.2. */', ['section 4.2']],
  ['// protocol rows 16 to\n // 18', ['row 16', 'row 17', 'row 18']],
  ['the protocol of 2 sides; a row 7; protocols 4', []],
])('%j cites %j', (text, cited) => {
  expect(citationsIn(text).map(({ kind, number }) => `${kind} ${number}`)).toEqual(cited)
})

test('a dead citation is named with its line', () => {
  const text = '// protocol 4.2, 4.3\nprotocol rows 1 to 3, protocol item 2\n\nprotocol item 13, protocol 7 and 1.4'
  expect(deadCitations(text, SAMPLE)).toEqual([
    '1: protocol 4.3',
    '2: protocol row 2',
    '4: protocol item 13',
    '4: protocol 7',
  ])
})

test('a citation by the former name is named with its line', () => {
  expect(
    oldCitations('the contract of 2 sides\n(contract 4.2), the contract (6.10)\n * by the contract\n * 3: x'),
  ).toEqual(['2: contract 4.2', '2: contract (6.10', '4: contract 3'])
})

test('the protocol has every row of its decision table and every item of its checklist', () => {
  const upTo = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => String(first + index))
  expect([...PROTOCOL.row]).toEqual(upTo(0, 29))
  expect([...PROTOCOL.item]).toEqual(upTo(1, 13))
})

test('everything that is cited is in docs/protocol.md', () => {
  expect(inEachSource((text) => deadCitations(text, PROTOCOL))).toEqual([])
})

test('nothing is cited by the former name', () => {
  expect(inEachSource(oldCitations)).toEqual([])
})
