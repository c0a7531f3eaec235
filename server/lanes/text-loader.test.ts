import { createLaneBench } from '@tidings/test/support/lane-bench.ts'
import { createRecordingLog } from '@tidings/test/support/recording-log.ts'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../db/db.ts'
import type { Sql } from '../db/sql.ts'
import { deferred } from '../runtime/deferred.ts'
import type { EventText, Offer } from './lane-model.ts'
import { createTextLoader } from './text-loader.ts'

/** A loader on a table that has these events, and what it reports; `positions` are of each read. */
function loading(readable: readonly number[], { before = () => Promise.resolve() } = {}) {
  const bench = createLaneBench()
  const reports: [string, number | undefined][] = []
  const reads: unknown[] = []
  const changed = { now: deferred() }
  const report = (what: string, { lane }: Offer) => {
    reports.push([what, lane.queue[0]?.position])
    changed.now.resolve()
    changed.now = deferred()
  }
  async function query({ values }: Sql) {
    reads.push(values[1])
    await before()
    const asked = values[1] as number[]
    return asked
      .filter((position) => readable.includes(position))
      .map((position) => ({ position, uuid: 'event', body: `${position}`, seqOffset: 0, deletesSubscriptions: true }))
  }
  const loader = createTextLoader({
    db: { query } as Db,
    onText: (offer, text: EventText | undefined) => report(text ? `text ${text.body}` : 'missing', offer),
    onVoid: (offer) => report('void', offer),
    log: createRecordingLog().log,
  })
  onTestFinished(() => loader.stop())
  async function reported(count: number) {
    while (reports.length < count) await changed.now.promise
    return reports
  }
  return { bench, loader, reads, reported }
}

test('texts are read 16 at a time and given to their heads; it is known then what their events remove', async () => {
  const positions = Array.from({ length: 20 }, (_, index) => index + 1)
  const { bench, loader, reads, reported } = loading(positions)
  bench.load(positions.map((position) => ({ position, series: `${position}` })))
  for (const offer of bench.offers()) loader.load(offer)
  loader.start()
  expect(await reported(20)).toEqual(positions.map((position) => [`text ${position}`, position]))
  expect(reads).toEqual([positions.slice(0, 16), positions.slice(16)])
  expect(bench.lanes().every(({ queue }) => queue[0]?.event.deletesSubscriptions === true)).toBe(true)
})

test('an event that is not there is reported', async () => {
  const { bench, loader, reported } = loading([2])
  bench.load([1, 2].map((position) => ({ position, series: `${position}` })))
  for (const offer of bench.offers()) loader.load(offer)
  loader.start()
  expect(await reported(2)).toEqual([
    ['missing', 1],
    ['text 2', 2],
  ])
})

test('of an offer that is void before or during the read nothing is given, and that is said', async () => {
  const [isAsked, mayAnswer] = [deferred(), deferred()]
  const { bench, loader, reads, reported } = loading([1, 2, 3], {
    before: async () => {
      isAsked.resolve()
      await mayAnswer.promise
    },
  })
  bench.load([1, 2, 3].map((position) => ({ position, series: `${position}` })))
  for (const offer of bench.offers()) loader.load(offer)
  const [first, second] = bench.lanes()
  if (first) bench.memory.steps.forget(first)
  loader.start()
  await isAsked.promise
  if (second) bench.memory.steps.requestFreeze(second, { attempts: 0, delayMs: 0, leaves: true })
  mayAnswer.resolve()
  expect(await reported(3)).toEqual([
    ['void', undefined],
    ['void', 2],
    ['text 3', 3],
  ])
  expect(reads).toEqual([[2, 3]])
})
