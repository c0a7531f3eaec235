import { expect, test } from 'vitest'
import { deadLinks, foldersOf } from './links.ts'
import { readRepositoryText, repositoryFiles } from './repository-files.ts'

test('folders are all those above a file', () => {
  expect(foldersOf(['a/b/c.md', 'a/d.md', 'e.md'])).toEqual(['a/b', 'a', '.'])
})

test('a broken link is named: a missing file, a missing heading, a fragment of what is not a page', () => {
  const pages = new Map([
    ['README.md', '# Top\n[a](docs/page.md#there) [b](docs/page.md#gone) [c](docs/gone.md) [d](https://example.org/x)'],
    ['docs/page.md', '## There\n[up](../README.md) [own](#there) [self](#gone) [code](../code.ts#L3) [dir](../docs/)'],
  ])
  const paths = new Set(['README.md', 'docs/page.md', 'code.ts', 'docs'])
  expect(deadLinks({ pages, paths })).toEqual([
    'README.md:2: docs/page.md#gone',
    'README.md:2: docs/gone.md',
    'docs/page.md:2: #gone',
    'docs/page.md:2: ../code.ts#L3',
  ])
})

test('every relative link and every fragment of every page has a target', () => {
  const files = repositoryFiles()
  const pages = new Map(files.filter((file) => file.endsWith('.md')).map((file) => [file, readRepositoryText(file)]))
  expect(pages.size).toBeGreaterThan(20)
  expect(deadLinks({ pages, paths: new Set([...files, ...foldersOf(files)]) })).toEqual([])
})
