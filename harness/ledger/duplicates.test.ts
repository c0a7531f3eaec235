import { expect, test } from 'vitest'
import { findDuplicates } from './duplicates.ts'
import type { Arrival } from './targets.ts'

const arrival = (atMs: number, answer: Arrival['answer'] = 'ok'): Arrival =>
  ({ target: 'steady', seriesId: 's', step: 0, number: 1, eventUuid: 'event', notificationUuid: 'notification', bodyHash: 'body', atMs, answer })

/** The next life is ready a second after a kill. */
const kill = (atMs: number) => ({ atMs, readyAtMs: atMs + 1000 })

test('a repetition after a kill is counted and explained', () => {
  expect(findDuplicates([arrival(1020), arrival(3000)], [kill(1500)])).toEqual([{ target: 'steady', notificationUuid: 'notification', explainedBy: { killAfterMs: 480, againAfterMs: 1500 } }])
})

test('what was on the wire at a kill may be answered until the next life is ready', () => {
  expect(findDuplicates([arrival(2400), arrival(3000)], [kill(1500)])).toMatchObject([{ explainedBy: { killAfterMs: -900 } }])
})

test.each([
  ['there was none', [], 3000],
  ['the next life was ready before the answer', [kill(-100)], 3000],
  ['it was after the repetition', [kill(3500)], 3000],
  ['the answer was given long before it', [kill(50_000)], 60_000],
  ['the repetition came long after it', [kill(1500)], 60_000],
])('a kill does not explain a repetition when %s', (_why, kills, againMs) => {
  expect(findDuplicates([arrival(1000), arrival(againMs)], kills)).toMatchObject([{ explainedBy: undefined }])
})

test('a request after a 500 or a closed connection is a retry, no duplicate', () => {
  expect(findDuplicates([arrival(1000, 'refused'), arrival(2000, 'closed'), arrival(3000)], [])).toEqual([])
})
