import { createReaper } from '@tidings/server/recovery/reaper.ts'
import { expandFanOuts } from '@tidings/server/dispatch/fan-out-store.ts'
import type { FanOut } from '@tidings/server/lanes/fan-out.ts'
import { freezeLanes } from '@tidings/server/lanes/cold-lane-store.ts'
import { settleNotifications } from '@tidings/server/lanes/final-settlement-store.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect } from 'vitest'
import { createRecordingLog } from './support/recording-log.ts'
import { dispatchAsFanOuts, finalOf, frozenLaneOf } from './support/core-steps.ts'
import { retain, retentionTest as test } from './support/retention-runs.ts'
import type { StepwiseService } from './support/stepwise-service.ts'
import {
  addTargets,
  ageEvents,
  ageFanOuts,
  ageSettledEvents,
  countNotifications,
  endAtExpiry,
  endSubscriptions,
  endTargets,
  expireSubscriptions,
  removeDeadLetters,
  reviveTargets,
  storedAttempts,
  storedCallbacks,
  storedData,
  storedIdempotencyKeys,
  storedNotifications,
  storedSubscriptions,
  storedTargets,
  storedTestSequences,
  storeIdempotencyKey,
  storeIdleSeries,
  storeTestSequences,
} from './support/stored-state.ts'

/** `data` of the events that are still there, in their order. */
const kept = ({ db }: StepwiseService) => storedData(db)

const age = ({ db }: StepwiseService, data: string, hours: number) => ageSettledEvents(db, data, hours)

async function settleAll(steps: StepwiseService): Promise<void> {
  for (let heads = await steps.heads(); heads.length > 0; heads = await steps.heads())
    await settleNotifications(
      steps.db,
      steps.owned,
      heads.map((head) => finalOf(head)),
      [],
    )
}

/** One attempt at each head fails: its lane gets a row. */
async function failAll(steps: StepwiseService): Promise<void> {
  const heads = await steps.heads()
  const lanes = await Promise.all(heads.map((head) => frozenLaneOf(steps, head, { attempts: 1 })))
  const failures = heads.map((head) => ({ ...finalOf(head), reason: 'http_500' }))
  await freezeLanes(steps.db, steps.owned, lanes, failures, [])
}

test('what was settled longer ago than the retention is removed with its attempts; what is younger stays', async ({
  steps,
}) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old' }, { data: 'young' })
  await steps.dispatch()
  await failAll(steps)
  await settleAll(steps)
  await age(steps, 'old', 49)
  await age(steps, 'young', 47)
  await retain(steps)
  expect(await kept(steps)).toEqual(['young'])
  expect(await storedNotifications(steps.db)).toHaveLength(1)
  expect(await storedAttempts(steps.db)).toEqual([])
})

test('an old event that was settled a moment ago stays', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old', seriesId: 'a' }, { data: 'settled late', seriesId: 'b' })
  await steps.dispatch()
  await settleAll(steps)
  await age(steps, 'old', 100)
  await ageEvents(steps.db, 'settled late', 100)
  await retain(steps)
  expect(await kept(steps)).toEqual(['settled late'])
})

test('an old event with a notification that is not settled stays, and its lane goes on afterwards', async ({
  steps,
}) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old', seriesId: 'a' })
  await steps.dispatch()
  await settleAll(steps)
  await steps.publish({ data: 'waits', seriesId: 'b' })
  await steps.dispatch()
  for (const data of ['old', 'waits']) await age(steps, data, 1000)
  await retain(steps)
  expect(await kept(steps)).toEqual(['waits'])
  expect(await steps.heads()).toHaveLength(1)
  await settleAll(steps)
  expect(await countNotifications(steps.db)).toEqual({ delivered: 1 })
})

test('an old event that nobody has dispatched yet stays, and is dispatched afterwards', async ({ steps }) => {
  await steps.publish({ data: 'old' })
  await steps.dispatch()
  await steps.publish({ data: 'undispatched' })
  for (const data of ['old', 'undispatched']) await age(steps, data, 1000)
  await retain(steps)
  expect(await kept(steps)).toEqual(['undispatched'])
  expect(await steps.dispatch()).toMatchObject({ records: 1 })
})

test('the event of a dead letter stays as long as the dead letter', async ({ steps }) => {
  await steps.publish({ data: 'parked' })
  await steps.dispatch({ limitPerPartition: 1, parkAs: 'indigestible' })
  await steps.publish({ data: 'old' })
  await steps.dispatch()
  for (const data of ['old', 'parked']) await age(steps, data, 1000)
  await retain(steps)
  expect(await kept(steps)).toEqual(['parked'])
  await removeDeadLetters(steps.db)
  await retain(steps)
  expect(await kept(steps)).toEqual([])
})

test('an ended subscription is removed when nothing of it is left, and not before', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old' })
  await steps.dispatch()
  await settleAll(steps)
  await endSubscriptions(steps.db, { reason: 'subject', agoHours: 100 })
  await steps.publish({ data: 'other', seriesId: 'nobody matches it any more' })
  await steps.dispatch()
  await age(steps, 'other', 100)
  await retain(steps)
  expect(await kept(steps)).toEqual(['old'])
  expect(await storedSubscriptions(steps.db)).toHaveLength(1)
  await age(steps, 'old', 100)
  await retain(steps)
  expect(await storedSubscriptions(steps.db)).toEqual([])
  expect(await storedTargets(steps.db)).toEqual([])
})

test('an event whose fan-out is not over stays, and what has ended since with it', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await addTargets(steps.db, 1)
  await steps.publish({ data: 'large' }, { data: 'other', seriesId: 'other' })
  const [large, other] = await dispatchAsFanOuts(steps)
  const expand = (fanOut: FanOut | undefined, size: number) =>
    expandFanOuts(steps.db, steps.owned, [{ fanOut: required(fanOut, 'a fan-out'), size }], false)
  await expand(other, 2)
  await expand(large, 1)
  await settleAll(steps)
  await endTargets(steps.db, 100)
  for (const data of ['large', 'other']) await age(steps, data, 150)
  await ageFanOuts(steps.db, 150)
  await retain(steps)
  expect(await kept(steps)).toEqual(['large'])
  expect(await storedTargets(steps.db)).toHaveLength(2)
  expect(await expand({ ...required(large, 'a fan-out'), done: 1 }, 1)).toHaveLength(1)
  await settleAll(steps)
  await age(steps, 'large', 150)
  await retain(steps)
  expect(await kept(steps)).toEqual([])
  expect(await storedTargets(steps.db)).toEqual([])
})

test('a subscription that ended while a fan-out went on stays until it is over', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'large' }, { data: 'other', seriesId: 'other' })
  const [large, other] = await dispatchAsFanOuts(steps)
  await expandFanOuts(steps.db, steps.owned, [{ fanOut: required(other, 'a fan-out'), size: 1 }], false)
  await settleAll(steps)
  await endSubscriptions(steps.db, { reason: 'expired', agoHours: 100 })
  await age(steps, 'other', 150)
  await ageFanOuts(steps.db, 150)
  await retain(steps)
  expect(await storedSubscriptions(steps.db)).toHaveLength(1)
  expect(
    await expandFanOuts(steps.db, steps.owned, [{ fanOut: required(large, 'a fan-out'), size: 1 }], false),
  ).toHaveLength(1)
})

test('a subscription is removed with its test sequence and what that has received', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await storeTestSequences(steps.db)
  await endSubscriptions(steps.db, { reason: 'expired', agoHours: 100 })
  await retain(steps)
  for (const read of [storedSubscriptions, storedTestSequences, storedCallbacks])
    expect(await read(steps.db)).toEqual([])
})

test('an expired subscription stays while something received before its expiry is not dispatched, and gets it', async ({
  steps,
}) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old', subject: null })
  await steps.dispatch()
  await settleAll(steps)
  await age(steps, 'old', 200)
  await steps.publish({ data: 'backlog' })
  await age(steps, 'backlog', 150)
  await expireSubscriptions(steps.db, { agoS: 100 * 3600 })
  const reaper = createReaper({ db: steps.db, intervalMs: 60_000, log: createRecordingLog().log })
  reaper.start()
  await reaper.stop()
  expect(await endAtExpiry(steps.db)).toBe(1)
  await retain(steps)
  expect(await kept(steps)).toEqual(['backlog'])
  expect(await steps.dispatch()).toMatchObject({ records: 1, matched: { rows: [{ isCold: false }] } })
})

test('a target that a change has ended is removed when nothing of it is left, and not before', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old' })
  await steps.dispatch()
  await settleAll(steps)
  await endTargets(steps.db, 49)
  await storeIdleSeries(steps.db)
  await retain(steps)
  expect(await storedTargets(steps.db)).toHaveLength(1)
  await age(steps, 'old', 49)
  await retain(steps) // its notification
  await storeIdleSeries(steps.db)
  await retain(steps)
  expect(await storedTargets(steps.db)).toEqual([])
})

test('a target that a change is just reviving is skipped: neither waits for the other', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await endTargets(steps.db, 49)
  await storeIdleSeries(steps.db)
  await steps.db.transaction(async (tx) => {
    await reviveTargets(tx)
    await retain(steps)
  })
  expect(await storedTargets(steps.db)).toMatchObject([{ ended: null }])
})

test('the content of an idempotency key is removed with its event, no sooner than the uuid', async ({ steps }) => {
  const [unsettled] = await steps.publish({ data: 'waits' })
  const [young, old, waiting] = [
    '00000000-0000-0000-0000-000000000001',
    '00000000-0000-0000-0000-000000000002',
    unsettled?.uuid ?? '',
  ]
  await storeIdempotencyKey(steps.db, young, 47)
  for (const uuid of [old, waiting]) await storeIdempotencyKey(steps.db, uuid, 49)
  await retain(steps)
  expect(await storedIdempotencyKeys(steps.db)).toEqual([young, waiting].toSorted())
})
