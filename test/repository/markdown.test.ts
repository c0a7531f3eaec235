import { expect, test } from 'vitest'
import { anchorsIn, codeWordsIn, linksIn, pageLines } from './markdown.ts'

const PAGE = `# A page: \`Tidings-Warning\`, 2nd
See [one](other.md#use-it), [two](#a-page), \`[no](link.md)\`.
\`\`\`sh
npm run token # [no](link.md)
## no heading
\`\`\`
## Same
## Same
### [Linked](x.md) & more
Run \`npm test\` and \`\`a \` b\`\`.`

test('lines of a fenced block, and its fences, are code', () => {
  expect(
    pageLines(PAGE)
      .filter(({ isCode }) => isCode)
      .map(({ number }) => number),
  ).toEqual([3, 4, 5, 6])
})

test('links are found outside code, with their line', () => {
  expect(linksIn(PAGE)).toEqual([
    { line: 2, target: 'other.md#use-it' },
    { line: 2, target: '#a-page' },
    { line: 9, target: 'x.md' },
  ])
})

test('anchors are those of GitHub, and count repeated headings', () => {
  expect([...anchorsIn(PAGE)]).toEqual(['a-page-tidings-warning-2nd', 'same', 'same-1', 'linked--more'])
})

test('words of code are found in both kinds of code, with their line', () => {
  expect(codeWordsIn(PAGE).filter(({ word }) => /^(?:npm|token|test|a|b)$/.test(word))).toEqual([
    { line: 4, word: 'npm' },
    { line: 4, word: 'token' },
    { line: 10, word: 'npm' },
    { line: 10, word: 'test' },
    { line: 10, word: 'a' },
    { line: 10, word: 'b' },
  ])
})
