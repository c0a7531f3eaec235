import { expect, test } from 'vitest'
import type { Victim } from '../faults/injected-fault.ts'
import { findDuplicates } from './duplicates.ts'
import type { Arrival } from './ledger-targets.ts'

const arrival = (atMs: number, answer: Arrival['answer'] = 'ok'): Arrival => ({
  target: 'steady',
  seriesId: 's',
  step: 0,
  number: 1,
  eventUuid: 'event',
  notificationUuid: 'notification',
  bodyHash: 'body',
  atMs,
  answer,
})

/** The next life is ready a second after a kill. */
const kill = (atMs: number, victim: Victim = 'dispatcher') =>
  ({ victim, how: 'kill', atMs, overAtMs: atMs + 1000 }) as const

test('a repetition after a kill is counted and explained', () => {
  expect(findDuplicates([arrival(1020), arrival(3000)], [kill(1500)])).toEqual([
    {
      target: 'steady',
      notificationUuid: 'notification',
      answeredMs: 1020,
      againMs: 3000,
      explainedBy: { faultAfterMs: 480, againAfterMs: 1500 },
    },
  ])
})

test('what was in flight at a kill may get its response until the restarted process is ready', () => {
  expect(findDuplicates([arrival(2400), arrival(3000)], [kill(1500)])).toMatchObject([
    { explainedBy: { faultAfterMs: -900 } },
  ])
})

test.each([
  ['there was none', [], 3000],
  ['the next life was ready before the answer', [kill(-100)], 3000],
  ['it was after the repetition', [kill(3500)], 3000],
  ['the answer was given long before it', [kill(50_000)], 60_000],
  ['the repetition came long after it', [kill(1500)], 60_000],
  ['it was one of an api', [kill(1500, 'api')], 3000],
  ['it was one of the broker', [kill(1500, 'rabbitmq')], 3000],
])('a kill does not explain a repetition when %s', (_why, kills, againMs) => {
  expect(findDuplicates([arrival(1000), arrival(againMs)], kills)).toMatchObject([{ explainedBy: undefined }])
})

test('a stop explains repetitions as long as it lasts, and for 35 s after it', () => {
  const stop = { victim: 'dispatcher', how: 'stop', atMs: 1500, overAtMs: 26_500 } as const
  expect(findDuplicates([arrival(1400), arrival(61_000)], [stop])).toMatchObject([
    { explainedBy: { againAfterMs: 59_500 } },
  ])
  expect(findDuplicates([arrival(1400), arrival(62_000)], [stop])).toMatchObject([{ explainedBy: undefined }])
})

test('of several faults the one nearest to the response explains a repetition', () => {
  const stop = { victim: 'dispatcher', how: 'stop', atMs: 1500, overAtMs: 26_500 } as const
  expect(findDuplicates([arrival(8000), arrival(12_000)], [stop, kill(8100)])).toMatchObject([
    { explainedBy: { faultAfterMs: 100 } },
  ])
})

test('a request after a 500 or a closed connection is a retry, not a duplicate', () => {
  expect(findDuplicates([arrival(1000, 'rejected'), arrival(2000, 'closed'), arrival(3000)], [])).toEqual([])
})
