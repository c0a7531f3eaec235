import { expect, test } from 'vitest'
import { DEFAULT_SIZES, growthTables, planTurns, SHORT_SIZES, TABLE_NAMES } from './growth-tables.ts'

const tables = growthTables(DEFAULT_SIZES)
const [subscriptions] = tables

test('every table has its name, and settings that can be told apart', () => {
  expect(tables.map(({ name }) => name)).toEqual(TABLE_NAMES)
  for (const { settings } of tables) expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length)
})

test('short tables have as many rows', () => {
  const rows = (sizes: typeof DEFAULT_SIZES) => growthTables(sizes).map(({ settings }) => settings.length)
  expect(rows(SHORT_SIZES)).toEqual(rows(DEFAULT_SIZES))
})

test('a setting has as many subscriptions as its name says, and one of them matches', () => {
  const stored = subscriptions?.settings.map(({ matches, otherSubjects, otherTypes }) => ({
    matches,
    stored: matches + otherSubjects + otherTypes,
  }))
  expect(stored).toEqual([1, 1000, 1_000_000, 1, 1000, 10_000].map((count) => ({ matches: 1, stored: count })))
})

test('each setting is measured beside a baseline of its own, which comes first in every other round', () => {
  const [, matches] = tables
  const turns = matches === undefined ? [] : planTurns(matches, 2, true)
  expect(turns.map(({ setting, round, comparedWith }) => [setting.name, round, comparedWith])).toEqual([
    ['1', 0, undefined],
    ['10', 0, 0],
    ['1', 0, undefined],
    ['1,000', 0, 2],
    ['10', 1, 5],
    ['1', 1, undefined],
    ['1,000', 1, 7],
    ['1', 1, undefined],
  ])
})

test('without pairs one baseline a round serves all settings', () => {
  const [, matches] = tables
  const turns = matches === undefined ? [] : planTurns(matches, 2, false)
  expect(turns.map(({ setting, comparedWith }) => [setting.name, comparedWith])).toEqual([
    ['1', undefined],
    ['10', 0],
    ['1,000', 0],
    ['1', undefined],
    ['10', 3],
    ['1,000', 3],
  ])
})
