import { randomUUID } from 'node:crypto'
import { createSequencePublisher } from '@tidings/server/api/test-sequences/sequence-publisher.ts'
import { createHeartbeats } from '@tidings/server/canary/heartbeats.ts'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import { createCancelSweep } from '@tidings/server/delivery/cancel-sweep.ts'
import { createDispatch } from '@tidings/server/dispatch/dispatch.ts'
import { createEventListener } from '@tidings/server/dispatch/event-listener.ts'
import { createLog } from '@tidings/server/log.ts'
import type { Worker } from '@tidings/server/runtime/loop.ts'
import { expect, onTestFinished, test } from 'vitest'
import { startFaultyProxy, type FaultyProxy } from './support/faulty-proxy.ts'
import { createDatabaseForTest } from './support/test-database.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { eventually } from './support/service-fixtures.ts'
import { refuseTestSequenceDeletions } from './support/stored-state.ts'

/** A pool of the test that runs, closed at its end. */
function connect(url: string): Database {
  const database = createDatabase({
    url: () => url,
    schema: SCHEMA,
    name: 'fault log',
    maxConnections: 2,
    statementTimeoutMs: 2500,
    answerTimeoutMs: 4500,
    log: createLog({ level: 'silent' }),
  })
  onTestFinished(() => database.close())
  return database
}

async function startWay(): Promise<FaultyProxy> {
  const { url } = await createDatabaseForTest()
  const way = await startFaultyProxy(() => url)
  onTestFinished(() => way.close())
  return way
}

function run(worker: Worker): void {
  onTestFinished(() => worker.stop())
  worker.start()
}

const BEGINS = 'failing, will be retried'
const ENDS = 'recovered'

test.for(['dispatch', 'cancel'])(
  '%s without a lease does nothing, and does not say that the database is back',
  async (name) => {
    const way = await startWay()
    const db = connect(way.url)
    const { log, messages } = createRecordingLog()
    let isHeld = true
    let asked = 0
    const owned = () => ({ ownerId: randomUUID(), epochs: new Map([[0, 1]]) })
    const ownership = {
      refuse: () => undefined,
      isLeaseHeld: () => {
        asked += 1
        return isHeld
      },
    }
    const nothing = () => undefined
    // Of lanes that are kept in memory, and make no work.
    const lanes = {
      keep: () => Promise.resolve(false),
      open: owned,
      isOpen: () => true,
      watermarkOf: () => 0,
      dispatched: () => Promise.resolve(),
      fanOuts: () => [],
      openFanOuts: () => [],
      hasRoomFor: () => true,
      expanded: () => Promise.resolve(),
      uncertain: nothing,
    }
    await way.refuse()
    run(
      name === 'cancel'
        ? createCancelSweep({
            db,
            ownership,
            lanes,
            isBusy: () => false,
            onEmptied: () => Promise.resolve(),
            onCancelled: nothing,
            log,
          })
        : createDispatch({ db, slowDb: db, lanes, ownership, onRemovals: nothing, log }),
    )
    await eventually(() => messages).toEqual([BEGINS])
    isHeld = false
    const before = asked
    await eventually(() => asked).toBeGreaterThan(before + 2)
    expect(messages).toEqual([BEGINS])
    await way.forward()
    isHeld = true
    await eventually(() => messages).toEqual([BEGINS, ENDS])
  },
)

test('the listener for records logs its recovery when it listens again, not when it is next cut off', async () => {
  const way = await startWay()
  const { log, messages } = createRecordingLog()
  await way.refuse()
  run(createEventListener({ url: () => way.url, onHint: () => undefined, log }))
  await eventually(() => messages).toEqual([BEGINS])
  await way.forward()
  await eventually(() => messages).toEqual([BEGINS, ENDS])
})

test('a canary that could not be sent has not recovered while none is due', async () => {
  const db = await createDatabaseForTest()
  const { log, messages } = createRecordingLog()
  let isAway = true
  let tries = 0
  const event = () => {
    tries += 1
    return isAway ? Promise.reject(new Error('the broker is away')) : Promise.resolve({ uuid: randomUUID() })
  }
  run(createHeartbeats({ db, publish: { event }, now: () => new Date(), intervalMs: 1500, log }))
  await eventually(() => tries).toBe(2)
  expect(messages).toEqual([BEGINS])
  isAway = false
  await eventually(() => messages).toEqual([BEGINS, ENDS])
})

test('test sequences on a read-only database have not recovered while nothing is due', async () => {
  const db = await createDatabaseForTest()
  // A setting of the database would not do: sessions of the service say themselves that they write.
  await refuseTestSequenceDeletions(db)
  const { log, messages } = createRecordingLog()
  let nowMs = 0
  let asked = 0
  const clock = () => {
    asked += 1
    return nowMs
  }
  const refuse = () => Promise.reject(new Error('there is nothing to publish'))
  const sequences = createSequencePublisher({
    db: connect(db.url),
    publish: { event: refuse, endSeries: refuse },
    now: () => new Date(),
    intervalMs: 10,
    clock,
    log,
  })
  nowMs = 61_000 // the time to search for what was left behind
  run(sequences)
  await eventually(() => messages).toEqual([BEGINS])
  const before = asked
  await eventually(() => asked).toBeGreaterThan(before + 3)
  expect(messages).toEqual([BEGINS])
})
