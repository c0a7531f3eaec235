import { expect, test } from 'vitest'
import type { InjectedFault } from '../faults/injected-fault.ts'
import { partitionOfSeries } from '../plan/series-partition.ts'
import { recoveriesOf, recoveryByKind } from './recovery-times.ts'
import type { Arrival } from './ledger-targets.ts'

const PARTITIONS = 2
const [FIRST, SECOND] = [seriesIn(0), seriesIn(1)]

/** A series that belongs to this partition. */
function seriesIn(partition: number): string {
  for (let count = 0; ; count += 1)
    if (partitionOfSeries({ subject: 's', seriesId: `series-${count}` }, PARTITIONS) === partition)
      return `series-${count}`
}

interface Sent {
  readonly seriesId: string
  readonly sentAtMs: number
  readonly arrivedAtMs: number
}

function recoveriesAfter(faults: readonly InjectedFault[], sent: readonly Sent[]) {
  const stepOf = (one: Sent) => sent.filter(({ seriesId }) => seriesId === one.seriesId).indexOf(one)
  const books = [FIRST, SECOND].map((seriesId) => {
    const ofSeries = sent.filter((one) => one.seriesId === seriesId)
    return {
      seriesId,
      subject: 's',
      steps: ofSeries.map(() => ({ kind: 'event', ends: undefined, paddingBytes: 0 }) as const),
      records: ofSeries.map(({ sentAtMs }) => ({ uuid: undefined, isStored: true, unknowns: 0, sentAtMs })),
    }
  })
  const arrivals = sent
    .toSorted((a, b) => a.arrivedAtMs - b.arrivedAtMs)
    .map((one): Arrival => ({
      target: 'steady',
      seriesId: one.seriesId,
      step: stepOf(one),
      number: 1,
      eventUuid: '',
      notificationUuid: '',
      bodyHash: '',
      atMs: one.arrivedAtMs,
      answer: 'ok',
    }))
  return recoveriesOf(faults, books, arrivals, PARTITIONS)
}

const createFault = (changes: Partial<InjectedFault> = {}): InjectedFault => ({
  victim: 'dispatcher',
  how: 'kill',
  name: 'dispatcher-1',
  atMs: 1000,
  overAtMs: 3000,
  partitions: 'all',
  note: '',
  ...changes,
})

test('recovery is complete when every partition has delivered an event published after the kill', () => {
  const sent = [
    { seriesId: FIRST, sentAtMs: 900, arrivedAtMs: 1900 },
    { seriesId: FIRST, sentAtMs: 1100, arrivedAtMs: 2000 },
    { seriesId: SECOND, sentAtMs: 1200, arrivedAtMs: 5000 },
    { seriesId: SECOND, sentAtMs: 5100, arrivedAtMs: 5200 },
  ]
  expect(recoveriesAfter([createFault()], sent)).toMatchObject([{ recoveredAfterMs: 4000 }])
  expect(recoveriesAfter([createFault({ partitions: new Set([0]) })], sent)).toMatchObject([{ recoveredAfterMs: 1000 }])
})

test('after the kill of a server the time counts from its first response', () => {
  const sent = [
    { seriesId: FIRST, sentAtMs: 2000, arrivedAtMs: 3100 },
    { seriesId: FIRST, sentAtMs: 3050, arrivedAtMs: 3500 },
  ]
  expect(recoveriesAfter([createFault({ victim: 'postgresql' })], sent)).toMatchObject([{ recoveredAfterMs: 500 }])
})

test('the recovery cannot be measured when nothing was published afterwards', () => {
  expect(recoveriesAfter([createFault()], [{ seriesId: FIRST, sentAtMs: 900, arrivedAtMs: 1900 }])).toMatchObject([
    { recoveredAfterMs: undefined },
  ])
})

test('a fault that another one overlaps is not alone', () => {
  const sent = [{ seriesId: FIRST, sentAtMs: 1100, arrivedAtMs: 4500 }]
  const second = (atMs: number) => createFault({ victim: 'api', how: 'stop', atMs, overAtMs: atMs + 100 })
  expect(recoveriesAfter([createFault(), second(4000)], sent).map(({ isAlone }) => isAlone)).toEqual([false, true])
  expect(recoveriesAfter([createFault(), second(2000)], sent).map(({ isAlone }) => isAlone)).toEqual([false, false])
  expect(recoveriesAfter([createFault(), second(6000)], sent).map(({ isAlone }) => isAlone)).toEqual([true, true])
})

test('each kind of fault has its median and its worst', () => {
  const recovery = (recoveredAfterMs: number | undefined, isAlone = true) => ({
    fault: createFault(),
    recoveredAfterMs,
    isAlone,
  })
  expect(recoveryByKind([recovery(3), recovery(1), recovery(9, false), recovery(undefined)])).toEqual([
    { how: 'kill', victim: 'dispatcher', count: 4, medianMs: 3, worstMs: 9, worstAloneMs: 3 },
  ])
})
