import { expect, test } from 'vitest'
import { newJob } from './job-events.ts'
import type { Publication, ReceiverArrival } from './ledger.ts'
import { summarise } from './summary.ts'

const job = newJob({ name: 'wind-tunnel', owner: 'jdoe', end: 'FINISHED' })
const publications = [1, 2].map((number): Publication => ({
  job,
  series: job.uuid,
  eventUuid: `e${number}`,
  number,
  type: 'jobs.JOB_NEW_STATUS.RUNNING',
  sentAtMs: 0,
  publishedAtMs: 0,
  tries: 1,
}))
const arrival = (receiver: string, number: number): ReceiverArrival => ({
  receiver,
  eventUuid: `e${number}`,
  notificationUuid: `${receiver}${number}`,
  number,
  atMs: 0,
  isAccepted: true,
})
const summaryOf = (...arrivals: ReceiverArrival[]) => summarise({ publications, arrivals }, ['portal', 'gateway'])

test('a run in which every receiver got everything is fine', () => {
  expect(
    summaryOf(arrival('portal', 1), arrival('portal', 2), arrival('gateway', 1), arrival('gateway', 2)),
  ).toMatchObject({ counts: 'published 2, delivered 4, lost 0, out of order 0, duplicates 0', isFine: true })
})

test('a duplicate is counted, and is fine', () => {
  expect(
    summaryOf(
      arrival('portal', 1),
      arrival('portal', 1),
      arrival('portal', 2),
      arrival('gateway', 1),
      arrival('gateway', 2),
    ),
  ).toMatchObject({ counts: 'published 2, delivered 4, lost 0, out of order 0, duplicates 1', isFine: true })
})

test('a loss at one receiver is not fine, whatever the other one received', () => {
  expect(summaryOf(arrival('portal', 1), arrival('portal', 2), arrival('gateway', 1))).toEqual({
    perReceiver: [
      'portal   expected 2, delivered 2, lost 0, out of order 0, duplicates 0',
      'gateway  expected 2, delivered 1, lost 1, out of order 0, duplicates 0',
    ],
    counts: 'published 2, delivered 3, lost 1, out of order 0, duplicates 0',
    isFine: false,
  })
})

test('a swap is not fine', () => {
  expect(
    summaryOf(arrival('portal', 2), arrival('portal', 1), arrival('gateway', 1), arrival('gateway', 2)),
  ).toMatchObject({ counts: 'published 2, delivered 4, lost 0, out of order 2, duplicates 0', isFine: false })
})

test('an event that nobody published is named, and is not fine', () => {
  expect(
    summaryOf(
      arrival('portal', 1),
      arrival('portal', 2),
      arrival('portal', 3),
      arrival('gateway', 1),
      arrival('gateway', 2),
    ),
  ).toMatchObject({
    counts: 'published 2, delivered 4, lost 0, out of order 0, duplicates 0, unexplained 1',
    isFine: false,
  })
})
