import { createRetention } from '@tidings/server/recovery/retention.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { expect, onTestFinished } from 'vitest'
import { dispatchTaken } from './support/core-steps.ts'
import { queryOnce } from './support/query-once.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { retain, retentionTest as test } from './support/retention-runs.ts'
import {
  ageSeries,
  readRowsRead,
  resetRowsRead,
  seriesNumbers,
  storeIdleSeries,
  storeUsedSeries,
} from './support/stored-state.ts'
import { createTestDatabase } from './support/test-database.ts'

test('a series that was unused for 400 days is forgotten, and restarts at 1', async ({ steps }) => {
  await steps.publish({ seriesId: 'idle' }, { seriesId: 'used' })
  await steps.dispatch()
  await ageSeries(steps.db, 399)
  await steps.publish({ seriesId: 'used' })
  await steps.dispatch()
  await ageSeries(steps.db, 2)
  await retain(steps)
  expect(await seriesNumbers(steps.db)).toEqual([2])
})

test('each time a bounded number of series is read, and an unused one behind many used ones is reached', async () => {
  const db = await createTestDatabase({ maxConnections: 1 }) // whose counters can be had at once
  onTestFinished(() => db.drop())
  const { log, next } = createRecordingLog()
  const createWorker = () => createRetention({ db, retentionHours: 48, log })
  const used = 10_000
  await storeUsedSeries(db, used)
  await queryOnce(db.url, 'analyze')
  await resetRowsRead(db)
  const once = createWorker()
  once.start()
  await once.stop() // after the tick
  await db.query(sql`select pg_stat_force_next_flush()`)
  const read = (await readRowsRead(db)).find(({ table }) => table === 'series')
  expect(read?.scanned).toBe(0)
  expect(read?.found).toBeGreaterThanOrEqual(1000)
  expect(read?.found).toBeLessThan(used / 5) // the planner looks at a few rows too

  await storeIdleSeries(db, 'ffffffff-0000-0000-0000-000000000000')
  const worker = createWorker()
  const removed = next('retention')
  worker.start()
  while ((await seriesNumbers(db)).length > used) worker.wake()
  await removed
  await worker.stop()
})

test('an unused series that a dispatch counts on at this moment is passed over: neither waits for the other', async ({
  steps,
}) => {
  await steps.publish({ seriesId: 'forgotten' }, { seriesId: 'returning' })
  await steps.dispatch()
  await ageSeries(steps.db, 401)
  await steps.publish({ seriesId: 'returning' })
  await steps.db.transaction(async (tx) => {
    await dispatchTaken({ ...steps, db: { ...steps.db, query: tx.query } })
    await retain(steps)
    expect(await seriesNumbers(steps.db)).toEqual([1])
  })
  expect(await seriesNumbers(steps.db)).toEqual([2])
  await steps.publish({ seriesId: 'forgotten' })
  await steps.dispatch()
  expect(await seriesNumbers(steps.db)).toEqual([1, 2])
})
