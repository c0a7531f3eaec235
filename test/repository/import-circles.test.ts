import { expect, test } from 'vitest'
import { findCircles, importsOf, readImportGraph } from './import-circles.ts'

test('imports of values and types, re-exports and import() count; packages do not', () => {
  const text = [
    "import { readFile } from 'node:fs/promises'",
    "import type { Db } from '../db/database.ts'",
    "import {\n  one,\n  two,\n} from './numbers.ts'",
    "import './first.ts'",
    "export { isObject } from '@tidings/contract/is-object.ts'",
    "export * from '../../demo/main.ts'",
    'export const later = () => import' + "('./later.ts')", // in two parts: this file is read as well
    "const text = `import x from './text.ts'`",
  ].join('\n')
  expect(importsOf('server/publish/here.ts', text)).toEqual([
    'server/db/database.ts',
    'server/publish/numbers.ts',
    'server/publish/first.ts',
    'contract/is-object.ts',
    'demo/main.ts',
    'server/publish/later.ts',
  ])
})

test('files that reach each other are a circle, and so is one that imports itself; a shared import is none', () => {
  const graph = new Map([
    ['top', ['a', 'c']],
    ['a', ['b', 'shared']],
    ['b', ['d']],
    ['d', ['a']],
    ['c', ['c', 'shared']],
    ['shared', []],
  ])
  expect(findCircles(graph)).toEqual([['a', 'b', 'd'], ['c']])
})

test('no file of the repository imports itself through others, not even a type', () => {
  const graph = readImportGraph()
  const lost = [...graph].flatMap(([file, imports]) =>
    imports.filter((path) => !graph.has(path)).map((to) => [file, to]),
  )
  expect(graph.get('server/app.ts')?.length).toBeGreaterThan(5)
  expect(lost).toEqual([])
  expect(findCircles(graph)).toEqual([])
})
