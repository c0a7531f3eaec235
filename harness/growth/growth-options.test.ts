import { expect, test } from 'vitest'
import { readGrowthOptions } from './growth-options.ts'
import { DEFAULT_SIZES, FULL_SIZES, SHORT_SIZES, TABLE_NAMES } from './growth-tables.ts'

function faultsOf(...args: readonly string[]): readonly string[] {
  const request = readGrowthOptions(args)
  return request.kind === 'fault' ? request.faults : []
}

test('without options all tables are measured, each setting beside a baseline of its own', () => {
  expect(readGrowthOptions([])).toMatchObject({
    kind: 'run',
    options: { only: TABLE_NAMES, rounds: 3, ratePerS: 200, isPaired: true, sizes: DEFAULT_SIZES },
  })
})

test('what is given is taken as it is', () => {
  const args = '--only matches,settled --full --seconds 2.5 --warmup 0 --rounds 2 --rate 50 --json a --write b'
  expect(readGrowthOptions([...args.split(' '), '--postgres', 'postgres://127.0.0.1/postgres'])).toMatchObject({
    options: {
      only: ['matches', 'settled'],
      sizes: FULL_SIZES,
      seconds: 2.5,
      warmup: 0,
      rounds: 2,
      ratePerS: 50,
      json: 'a',
      write: 'b',
      postgresUrl: 'postgres://127.0.0.1/postgres',
    },
  })
})

test('a short run takes a second of small tables, unless it is told more', () => {
  expect(readGrowthOptions(['--short', '--seconds', '3'])).toMatchObject({
    options: { sizes: SHORT_SIZES, seconds: 3, rounds: 1, isPaired: false },
  })
})

test('all faults are named at once', () => {
  const args = ['--only', 'matches,nothing,matches,', '--rounds', '0', '--rate', '1.5', '--full', '--short', '--bogus']
  expect(faultsOf(...args, '--postgres', 'localhost')).toEqual([
    '--bogus: is not an option',
    '--rounds: is not a whole number from 1 to 100: 0',
    '--rate: is not a whole number from 1 to 10000: 1.5',
    '--only: there is no nothing',
    '--only: there is no table without a name',
    '--only: has matches twice',
    '--full: is the opposite of --short',
    '--postgres: is not an address of a PostgreSQL (postgres://...)',
  ])
})
