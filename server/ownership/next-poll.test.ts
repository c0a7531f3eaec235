import { expect, test } from 'vitest'
import { restBeforePoll } from './next-poll.ts'

test('the next poll is after a second, when another lease ends, or soon when something is missing', () => {
  expect(restBeforePoll({ elapsedMs: 40, leasesEndMs: [3500], isUnfinished: false })).toBe(960)
  expect(restBeforePoll({ elapsedMs: 40, leasesEndMs: [3500, 612.4], isUnfinished: false })).toBe(614)
  expect(restBeforePoll({ elapsedMs: 40, leasesEndMs: [], isUnfinished: true })).toBe(250)
  expect(restBeforePoll({ elapsedMs: 4000, leasesEndMs: [-20], isUnfinished: false })).toBe(1)
})
