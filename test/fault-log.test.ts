import { randomUUID } from 'node:crypto'
import { createSequencePublisher } from '@tidings/server/api/test-sequences/publisher.ts'
import { createDatabaseBroker } from '@tidings/server/broker/database.ts'
import { createBeats } from '@tidings/server/canary/beats.ts'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { SCHEMA } from '@tidings/server/db/schema.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createCancelSweep } from '@tidings/server/delivery/cancel-sweep.ts'
import { createDispatch } from '@tidings/server/dispatch/dispatch.ts'
import { createListener } from '@tidings/server/dispatch/listen.ts'
import { createLog } from '@tidings/server/log.ts'
import type { Worker } from '@tidings/server/runtime/loop.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startBreakableWay, type BreakableWay } from './support/breakable-way.ts'
import { createDatabaseForTest } from './support/database.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-test.ts'

/** A pool of the test that runs, closed at its end. */
function connect(url: string): Database {
  const database = createDatabase({ url: () => url, schema: SCHEMA, name: 'fault log', maxConnections: 2, statementTimeoutMs: 2500, answerTimeoutMs: 4500, log: createLog({ level: 'silent' }) })
  onTestFinished(() => database.close())
  return database
}

async function startWay(): Promise<BreakableWay> {
  const { url } = await createDatabaseForTest()
  const way = await startBreakableWay(() => url)
  onTestFinished(() => way.close())
  return way
}

function run(worker: Worker): void {
  onTestFinished(() => worker.stop())
  worker.start()
}

const BEGINS = 'failing, will be retried'
const ENDS = 'recovered'

test.for(['dispatch', 'cancel'])('%s without a lease does nothing, and does not say that the database is back', async (name) => {
  const way = await startWay()
  const db = connect(way.url)
  const { log, messages } = createRecordingLog()
  let isHeld = true
  let asked = 0
  const holding = () => ({ ownerId: randomUUID(), epochs: new Map([[0, 1]]) })
  const ownership = { holding, settling: holding, refuse: () => undefined, isLeaseHeld: () => {
    asked += 1
    return isHeld
  } }
  const nothing = () => undefined
  await way.refuse()
  run(name === 'cancel' ? createCancelSweep({ db, ownership, isBusy: () => false, onCancelled: nothing, log })
    : createDispatch({ db, slowDb: db, broker: createDatabaseBroker({ writer: db, notifies: false }), ownership, onMatched: nothing, onRemovals: nothing, onUncertain: nothing, log }))
  await eventually(() => messages).toEqual([BEGINS])
  isHeld = false
  const before = asked
  await eventually(() => asked).toBeGreaterThan(before + 2)
  expect(messages).toEqual([BEGINS])
  await way.forward()
  isHeld = true
  await eventually(() => messages).toEqual([BEGINS, ENDS])
})

test('who listens for records says that it recovered when it listens again, not when it is cut off the next time', async () => {
  const way = await startWay()
  const { log, messages } = createRecordingLog()
  await way.refuse()
  run(createListener({ url: () => way.url, onHint: () => undefined, log }))
  await eventually(() => messages).toEqual([BEGINS])
  await way.forward()
  await eventually(() => messages).toEqual([BEGINS, ENDS])
})

test('a canary that could not be sent off has not recovered while none is due', async () => {
  const db = await createDatabaseForTest()
  const { log, messages } = createRecordingLog()
  let isAway = true
  let tries = 0
  const event = () => {
    tries += 1
    return isAway ? Promise.reject(new Error('the broker is away')) : Promise.resolve({ uuid: randomUUID() })
  }
  run(createBeats({ db, publish: { event }, now: () => new Date(), intervalMs: 1500, log }))
  await eventually(() => tries).toBe(2)
  expect(messages).toEqual([BEGINS])
  isAway = false
  await eventually(() => messages).toEqual([BEGINS, ENDS])
})

test('test sequences on a database that only reads have not recovered while nothing is due', async () => {
  const { url, query } = await createDatabaseForTest()
  // A setting of the database would not do: sessions of the service say themselves that they write.
  await query(sql`create function refuse() returns trigger language plpgsql as $$ begin raise sqlstate '25006'; end $$`)
  await query(sql`create trigger refuse before delete on test_sequence for each statement execute function refuse()`)
  const { log, messages } = createRecordingLog()
  let nowMs = 0
  let asked = 0
  const clock = () => {
    asked += 1
    return nowMs
  }
  const refuse = () => Promise.reject(new Error('there is nothing to publish'))
  const sequences = createSequencePublisher({ db: connect(url), publish: { event: refuse, endSeries: refuse }, now: () => new Date(), intervalMs: 10, clock, log })
  nowMs = 61_000 // the time to look for what was left behind
  run(sequences)
  await eventually(() => messages).toEqual([BEGINS])
  const before = asked
  await eventually(() => asked).toBeGreaterThan(before + 3)
  expect(messages).toEqual([BEGINS])
})
