import { randomUUID } from 'node:crypto'
import { sql } from '@tidings/server/db/sql.ts'
import {
  endWaiting,
  findCancelledLanes,
  findDueLanes,
  freezeLanes,
  readColdLanes,
  readNextDue,
  readWaiting,
  scanPairs,
  thawLanes,
} from '@tidings/server/lanes/cold-lane-store.ts'
import { settleNotifications } from '@tidings/server/lanes/final-settlement-store.ts'
import { readCursors, readDeletions, readTargets, readTexts, readUnsettled } from '@tidings/server/lanes/looks.ts'
import { expandFanOuts } from '@tidings/server/dispatch/fan-out-store.ts'
import { renewEpochs } from '@tidings/server/ownership/ownership-store.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dispatchAsFanOuts, dispatchTaken, finalOf, frozenLaneOf } from './support/core-steps.ts'
import { planServers, type PlanServer } from './support/plan-servers.ts'
import { queryOnce } from './support/query-once.ts'
import { planProblems, readPreparedStatements } from './support/statement-plans.ts'
import { openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'
import { addFailedLanes, addTargets, fillTables, readRowsRead, resetRowsRead } from './support/stored-state.ts'

/** Statements of dispatchers that keep lanes in memory, run below; a new one is counted here. */
const STATEMENTS = 20
/** Rows when the plans are used. */
const MANY = 20_000

describe.each(planServers)('on $name', ({ start }) => {
  let server: PlanServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  describe.each([
    { size: 'empty', rows: 0, isAnalyzed: false },
    { size: 'small', rows: 3, isAnalyzed: true },
    { size: 'large', rows: MANY, isAnalyzed: true },
  ])('planned while the tables are $size', ({ rows, isAnalyzed }) => {
    let steps: StepwiseService
    let setUp: ReadonlySet<string>
    const newStatements = async () => (await readPreparedStatements(steps.db)).filter(({ name }) => !setUp.has(name))
    beforeAll(async () => {
      steps = await openStepwiseService({
        database: { maxConnections: 1, prepares: true, ...(server.url !== undefined && { server: server.url }) },
      })
      await steps.subscribe('http://127.0.0.1/')
      await addTargets(steps.db, 1)
      await fillTables(steps.db, rows)
      await steps.publish({ seriesId: 'to prepare it' })
      await resetRowsRead(steps.db)
      if (isAnalyzed) await queryOnce(steps.db.url, 'analyze')
      setUp = new Set((await readPreparedStatements(steps.db)).map(({ name }) => name))
      await runAll(steps)
    })
    afterAll(() => steps.stop())

    test('each statement has one plan for all values, which looks rows up by key', async () => {
      const statements = (await newStatements()).filter(({ text }) => !text.includes('publish_records'))
      expect(statements).toHaveLength(STATEMENTS)
      const problems = []
      for (const statement of statements) problems.push(...(await planProblems(steps.db, statement)))
      expect(problems).toEqual([])
    })

    test('the same plans read few rows when the tables are large, functions included', async () => {
      if (rows < MANY) await fillTables(steps.db, MANY)
      // As autovacuum does when it has grown. The other tables keep the plans that were made for few rows.
      await queryOnce(steps.db.url, 'analyze tidings.subscription')
      await resetRowsRead(steps.db)
      await runAll(steps)
      await steps.db.query(sql`select pg_stat_force_next_flush()`)
      const read = await readRowsRead(steps.db)
      expect(read.filter(({ scanned }) => scanned > 0)).toEqual([])
      expect(read.filter(({ found }) => found > MANY / 20)).toEqual([])
      expect(read.find(({ table }) => table === 'notification')?.found).toBeGreaterThan(0)
    })

    test('a claim of an address with very many lanes reads few of them, woken or not', async () => {
      const pair = { partition: 0, addressKey: randomUUID() }
      await addFailedLanes(steps.db, pair.addressKey, MANY)
      for (const [ms, expected] of [
        [-60_000, 0],
        [60_000, 16],
      ] as const) {
        await resetRowsRead(steps.db)
        const asked = [{ pair, limit: 16, wokenAt: new Date(Date.now() + ms) }]
        expect(await findDueLanes(steps.db, 'WEBHOOK', asked)).toHaveLength(expected)
        await readNextDue(steps.db, 'WEBHOOK', asked)
        await steps.db.query(sql`select pg_stat_force_next_flush()`)
        const lanes = (await readRowsRead(steps.db)).find(({ table }) => table === 'lane')
        expect(lanes?.found).toBeLessThan(200)
      }
    })
  })
})

/** What happens to an event, and what its dispatcher does beside it. */
async function runAll(steps: StepwiseService): Promise<void> {
  const { db, owned, partitions } = steps
  const series = { seriesId: randomUUID() }
  await steps.publish(series, { seriesId: null }, { deleteSubscriptionsMatchingSubject: true, seriesId: null })
  const entries = await dispatchTaken(steps, { poison: [poisonOf()] })
  await steps.publish(series, { ...series, endSeries: true })
  await dispatchTaken(steps)
  const [head, second, given] = entries
  if (!head || !second || !given) throw new Error('expected six notifications')
  const failed = finalOf(given, { kind: 'given_up', reason: 'http_410', httpStatus: 410 })
  const removing = required(entries.at(-1), 'the removing event').position
  const lanes = [await frozenLaneOf(steps, head), await frozenLaneOf(steps, second)]
  const pairs = lanes.map((lane) => ({ pair: lane, limit: 5, wokenAt: new Date() }))
  const lane = { ...head, laneSeries: head.laneSeries }
  await freezeLanes(
    db,
    owned,
    lanes,
    [{ ...failed, reason: 'http_410' }],
    [{ partition: head.partition, watermark: head.position }],
  )
  await readWaiting(db, owned, [lane], 5)
  await findDueLanes(db, 'WEBHOOK', pairs)
  await readNextDue(db, 'WEBHOOK', pairs)
  await scanPairs(db, 'WEBHOOK', partitions)
  await findCancelledLanes(db, partitions, 60_000, 5)
  await settleNotifications(
    db,
    owned,
    [finalOf(head), failed, ...entries.slice(-2).map((one) => finalOf(one))],
    [removing],
  )
  await endWaiting(db, owned, [second], { state: 'given_up', minAgeMs: 0 }, 5)
  await readColdLanes(db, head, 5)
  await thawLanes(db, owned, lanes)
  await readTexts(db, [head])
  await readTargets(db, [head.targetId])
  await readDeletions(db, (await readDeletions(db, null)).seen)
  await readCursors(db, partitions)
  await readUnsettled(db, head.partition, head.position, 5)
  await expandAll(steps, series)
  await renewEpochs(db, randomUUID(), [{ id: 0, epoch: 1 }])
}

/** Fan-outs in two slices, one for memory; a target is gone. */
async function expandAll(steps: StepwiseService, series: { readonly seriesId: string }): Promise<void> {
  const { db, owned } = steps
  await steps.publish(series, { deleteSubscriptionsMatchingSubject: true, seriesId: null })
  const fanOuts = await dispatchAsFanOuts(steps)
  const slices = fanOuts.map((fanOut) => ({ fanOut, size: 1 }))
  await expandFanOuts(db, owned, slices, false)
  const rest = slices.map(({ fanOut }) => ({ fanOut: { ...fanOut, done: 1 }, size: 1 }))
  for (const { partition, position } of fanOuts)
    await queryOnce(
      db.url,
      `set enable_seqscan = off;
       update tidings.fan_out set target_ids = array[target_ids[1], 0]
       where partition = ${partition} and position = ${position}`,
    )
  await expandFanOuts(db, owned, rest, true)
}

const poisonOf = () => {
  const position = Math.floor(Math.random() * 1e9)
  return { partition: 0, position, uuid: randomUUID(), reason: 'a reason' }
}
