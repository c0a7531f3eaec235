import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHistogram } from './histogram.ts'

function histogramOf(values: readonly number[]) {
  const histogram = createHistogram()
  for (const value of values) histogram.record(value)
  return histogram
}

test('small values are exact', () => {
  const histogram = histogramOf([1, 2, 3, 4])
  expect([0.25, 0.5, 0.75, 1].map((share) => histogram.percentile(share))).toEqual([1, 2, 3, 4])
})

test('any percentile is within 1/128 of the value with that rank, and never below it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(2 ** 31 - 1), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length)) - 1] ?? NaN
        const found = histogramOf(values).percentile(share)
        expect(found).toBeGreaterThanOrEqual(exact)
        expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 128))
      },
    ),
  )
})

test('the greatest value and the count are exact', () => {
  const histogram = histogramOf([7, 1_234_567, 8])
  expect({ count: histogram.count, max: histogram.max, last: histogram.percentile(1) }).toEqual({
    count: 3,
    max: 1_234_567,
    last: 1_234_567,
  })
})

test('fractions are rounded, and values beyond both ends count as the end', () => {
  const histogram = histogramOf([-5, 2.6, 1e12])
  expect([histogram.percentile(0), histogram.percentile(0.5), histogram.max]).toEqual([0, 3, 2 ** 31 - 1])
})

test('without a value everything is 0', () => {
  expect([createHistogram().percentile(0.5), createHistogram().max]).toEqual([0, 0])
})
