import { expect, test } from 'vitest'
import type { Disturbance } from '../disturb/disturbance.ts'
import { partitionOfSeries } from '../plan/partition-of-series.ts'
import { recoveriesOf, recoveryByKind } from './recovery.ts'
import type { Arrival } from './targets.ts'

const PARTITIONS = 2
const [FIRST, SECOND] = [seriesIn(0), seriesIn(1)]

/** A series that belongs to this partition. */
function seriesIn(partition: number): string {
  for (let count = 0; ; count += 1) if (partitionOfSeries({ subject: 's', seriesId: `series-${count}` }, PARTITIONS) === partition) return `series-${count}`
}

interface Sent {
  readonly seriesId: string
  readonly sentAtMs: number
  readonly arrivedAtMs: number
}

function recoveriesAfter(disturbances: readonly Disturbance[], sent: readonly Sent[]) {
  const stepOf = (one: Sent) => sent.filter(({ seriesId }) => seriesId === one.seriesId).indexOf(one)
  const books = [FIRST, SECOND].map((seriesId) => {
    const ofSeries = sent.filter((one) => one.seriesId === seriesId)
    return {
      seriesId, subject: 's',
      steps: ofSeries.map(() => ({ kind: 'event', ends: undefined, paddingBytes: 0 }) as const),
      records: ofSeries.map(({ sentAtMs }) => ({ uuid: undefined, isStored: true, unknowns: 0, sentAtMs })),
    }
  })
  const arrivals = sent.toSorted((a, b) => a.arrivedAtMs - b.arrivedAtMs).map((one): Arrival =>
    ({ target: 'steady', seriesId: one.seriesId, step: stepOf(one), number: 1, eventUuid: '', notificationUuid: '', bodyHash: '', atMs: one.arrivedAtMs, answer: 'ok' }))
  return recoveriesOf(disturbances, books, arrivals, PARTITIONS)
}

const disturbance = (changes: Partial<Disturbance> = {}): Disturbance =>
  ({ victim: 'dispatcher', how: 'kill', name: 'dispatcher-1', atMs: 1000, overAtMs: 3000, partitions: 'all', note: '', ...changes })

test('recovered is what has delivered, in every partition, an event that was published after the kill', () => {
  const sent = [
    { seriesId: FIRST, sentAtMs: 900, arrivedAtMs: 1900 },
    { seriesId: FIRST, sentAtMs: 1100, arrivedAtMs: 2000 },
    { seriesId: SECOND, sentAtMs: 1200, arrivedAtMs: 5000 },
    { seriesId: SECOND, sentAtMs: 5100, arrivedAtMs: 5200 },
  ]
  expect(recoveriesAfter([disturbance()], sent)).toMatchObject([{ recoveredAfterMs: 4000 }])
  expect(recoveriesAfter([disturbance({ partitions: new Set([0]) })], sent)).toMatchObject([{ recoveredAfterMs: 1000 }])
})

test('after the kill of a server the time counts from the moment at which it answers again', () => {
  const sent = [{ seriesId: FIRST, sentAtMs: 2000, arrivedAtMs: 3100 }, { seriesId: FIRST, sentAtMs: 3050, arrivedAtMs: 3500 }]
  expect(recoveriesAfter([disturbance({ victim: 'postgresql' })], sent)).toMatchObject([{ recoveredAfterMs: 500 }])
})

test('nothing shows the recovery when nothing was published afterwards', () => {
  expect(recoveriesAfter([disturbance()], [{ seriesId: FIRST, sentAtMs: 900, arrivedAtMs: 1900 }])).toMatchObject([{ recoveredAfterMs: undefined }])
})

test('a disturbance that another one overlaps is not alone', () => {
  const sent = [{ seriesId: FIRST, sentAtMs: 1100, arrivedAtMs: 4500 }]
  const second = (atMs: number) => disturbance({ victim: 'api', how: 'stop', atMs, overAtMs: atMs + 100 })
  expect(recoveriesAfter([disturbance(), second(4000)], sent).map(({ isAlone }) => isAlone)).toEqual([false, true])
  expect(recoveriesAfter([disturbance(), second(2000)], sent).map(({ isAlone }) => isAlone)).toEqual([false, false])
  expect(recoveriesAfter([disturbance(), second(6000)], sent).map(({ isAlone }) => isAlone)).toEqual([true, true])
})

test('each kind of disturbance has its median and its worst', () => {
  const recovery = (recoveredAfterMs: number | undefined, isAlone = true) => ({ disturbance: disturbance(), recoveredAfterMs, isAlone })
  expect(recoveryByKind([recovery(3), recovery(1), recovery(9, false), recovery(undefined)])).toEqual([
    { how: 'kill', victim: 'dispatcher', count: 4, medianMs: 3, worstMs: 9, worstAloneMs: 3 },
  ])
})
