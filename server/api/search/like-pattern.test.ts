import { expect, test } from 'vitest'
import { patternOfSql, patternOfStars } from './like-pattern.ts'

test.each([
  ['test*', 'test%'],
  ['t!st', 't_st'],
  ['100%', '100\\%'],
  ['a_b', 'a\\_b'],
  ['\\*', '*'],
  ['\\!', '!'],
  ['\\%', '\\%'],
  ['\\_', '\\_'],
  ['\\\\', '\\\\'],
  ['\\\\*', '\\\\%'],
  ['a\\', 'a\\\\'],
  ['\\\\\\', '\\\\\\\\'],
  ['\\,\\(\\)\\~', ',()~'],
  ['\\x', 'x'],
  ["'", "'"],
  ['😀!', '😀_'],
  ['', ''],
])('%s is the pattern %s', (text, pattern) => {
  expect(patternOfStars(text)).toBe(pattern)
})

test.each([
  ['test%', 'test%'],
  ['t_st', 't_st'],
  ['*!', '*!'],
  ['100\\%', '100\\%'],
  ['\\*', '*'],
  ['a\\', 'a\\\\'],
  ['a\\\\', 'a\\\\'],
  ['\\a', 'a'],
])('%s of SQL is the pattern %s', (text, pattern) => {
  expect(patternOfSql(text)).toBe(pattern)
})
