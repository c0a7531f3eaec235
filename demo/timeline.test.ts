import { expect, test } from 'vitest'
import { newJob } from './job-events.ts'
import type { Outage, Publication, ReceiverArrival } from './ledger.ts'
import { timelineOf } from './timeline.ts'

const job = newJob({ name: 'wind-tunnel', owner: 'jdoe', end: 'FINISHED' })
const event = (number: number, publishedAtMs: number, more: Partial<Publication> = {}): Publication => ({
  job,
  series: job.uuid,
  eventUuid: `e${number}`,
  number,
  type: 'jobs.JOB_ARCHIVE_TRANSACTION_ID.COMPLETED',
  sentAtMs: publishedAtMs,
  publishedAtMs,
  tries: 1,
  ...more,
})
const arrival = (receiver: string, number: number, atMs: number, isAccepted = true): ReceiverArrival => ({
  receiver,
  eventUuid: `e${number}`,
  notificationUuid: `n${number}`,
  number,
  atMs,
  isAccepted,
})

function lines(
  publications: readonly Publication[],
  arrivals: readonly ReceiverArrival[],
  outages: readonly Outage[] = [],
): string[] {
  return timelineOf(job, {
    ledger: { publications, arrivals, outages },
    receivers: ['portal', 'gateway'],
    paint: (_, text) => text,
  }).slice(2)
}

test('a line shows when an event was published and when each receiver took it', () => {
  expect(lines([event(1, 10)], [arrival('portal', 1, 21.4), arrival('gateway', 1, 22.6)]).map(squeezed)).toEqual([
    '1 JOB_ARCHIVE_TRANSACTION_ID.COMPLETED 10 21 23',
  ])
})

test('a line counts sends, tries and duplicates', () => {
  const arrivals = [
    arrival('gateway', 1, 30, false),
    arrival('portal', 1, 21),
    arrival('portal', 1, 40),
    arrival('gateway', 1, 90),
  ]
  expect(lines([event(1, 10, { tries: 3 })], arrivals).map(squeezed)).toEqual([
    '1 JOB_ARCHIVE_TRANSACTION_ID.COMPLETED 10 3x 21 +1 dup 90 try 2',
  ])
})

test('what a receiver never accepted is called lost', () => {
  expect(lines([event(1, 10)], [arrival('portal', 1, 21), arrival('gateway', 1, 22, false)]).map(squeezed)).toEqual([
    '1 JOB_ARCHIVE_TRANSACTION_ID.COMPLETED 10 21 lost',
  ])
})

test('an outage is listed between the events around it; one after the last event is left out', () => {
  const outages = [
    { what: 'power cut', fromMs: 15, toMs: 99 },
    { what: 'late', fromMs: 30, toMs: undefined },
  ]
  const arrivals = [1, 2].flatMap((number) => [arrival('portal', number, 50), arrival('gateway', number, 50)])
  expect(lines([event(1, 10), event(2, 20)], arrivals, outages).map((line) => squeezed(line).slice(0, 9))).toEqual([
    '1 JOB_ARC',
    '-- 15 to ',
    '2 JOB_ARC',
  ])
})

test('no line is wider than 100 columns', () => {
  const arrivals = ['portal', 'gateway'].flatMap((name) => [
    arrival(name, 1, 123_456, false),
    arrival(name, 1, 123_456),
    arrival(name, 1, 123_456),
  ])
  const all = timelineOf(job, {
    ledger: { publications: [event(1, 123_456, { tries: 99 })], arrivals, outages: [] },
    receivers: ['portal', 'gateway'],
    paint: (_, text) => text,
  })
  expect(Math.max(...all.map((line) => line.length))).toBeLessThanOrEqual(100)
})

const squeezed = (line: string) => line.trim().replaceAll(/ +/g, ' ')
