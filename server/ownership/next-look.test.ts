import { expect, test } from 'vitest'
import { restBeforeLook } from './next-look.ts'

test('the next look is after a second, at once when a lease of another ends, and soon when something is missing', () => {
  expect(restBeforeLook({ elapsedMs: 40, leasesEndMs: [3500], isUnfinished: false })).toBe(960)
  expect(restBeforeLook({ elapsedMs: 40, leasesEndMs: [3500, 612.4], isUnfinished: false })).toBe(614)
  expect(restBeforeLook({ elapsedMs: 40, leasesEndMs: [], isUnfinished: true })).toBe(250)
  expect(restBeforeLook({ elapsedMs: 4000, leasesEndMs: [-20], isUnfinished: false })).toBe(1)
})
