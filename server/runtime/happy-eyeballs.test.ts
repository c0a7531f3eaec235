import { expect, test } from 'vitest'
import { interleaveFamilies } from './happy-eyeballs.ts'

const four = (address: string) => ({ address, family: 4 })
const six = (address: string) => ({ address, family: 6 })

test('address families alternate, beginning with the first, in the order given', () => {
  expect(interleaveFamilies([six('::1'), six('::2'), four('10.0.0.1'), four('10.0.0.2'), four('10.0.0.3')])).toEqual([
    six('::1'),
    four('10.0.0.1'),
    six('::2'),
    four('10.0.0.2'),
    four('10.0.0.3'),
  ])
  expect(interleaveFamilies([four('10.0.0.1'), four('10.0.0.2')])).toEqual([four('10.0.0.1'), four('10.0.0.2')])
  expect(interleaveFamilies([])).toEqual([])
})

test('a repeated address is tried once', () => {
  expect(interleaveFamilies([four('10.0.0.1'), six('::1'), four('10.0.0.1')])).toEqual([four('10.0.0.1'), six('::1')])
})
