import { expect, test } from 'vitest'
import { inTurns } from './connect-first.ts'

const four = (address: string) => ({ address, family: 4 })
const six = (address: string) => ({ address, family: 6 })

test('families take turns, beginning with the first, in the order given', () => {
  expect(inTurns([six('::1'), six('::2'), four('10.0.0.1'), four('10.0.0.2'), four('10.0.0.3')]))
    .toEqual([six('::1'), four('10.0.0.1'), six('::2'), four('10.0.0.2'), four('10.0.0.3')])
  expect(inTurns([four('10.0.0.1'), four('10.0.0.2')])).toEqual([four('10.0.0.1'), four('10.0.0.2')])
  expect(inTurns([])).toEqual([])
})

test('an address that is given twice is tried once', () => {
  expect(inTurns([four('10.0.0.1'), six('::1'), four('10.0.0.1')])).toEqual([four('10.0.0.1'), six('::1')])
})
