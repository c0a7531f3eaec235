import { randomUUID } from 'node:crypto'
import { isLostOwnership, type OwnedPartitions } from '@tidings/server/db/fence.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { freezeLanes } from '@tidings/server/lanes/cold-lane-store.ts'
import { settleNotifications } from '@tidings/server/lanes/final-settlement-store.ts'
import { readCursors, readDeletions, readTargets, readTexts, readUnsettled } from '@tidings/server/lanes/looks.ts'
import {
  registerDispatcher,
  releasePartitions,
  renewEpochs,
  takePartitions,
} from '@tidings/server/ownership/ownership-store.ts'
import { required } from '@tidings/server/runtime/required.ts'
import { expect } from 'vitest'
import { dispatchTaken, finalOf, frozenLaneOf } from './support/core-steps.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'
import { eventually } from './support/service-fixtures.ts'
import { createGate, type StepwiseService } from './support/stepwise-service.ts'
import { stepwiseTest } from './support/stepwise-test.ts'
import {
  addTargets,
  endSubscriptions,
  setPartition,
  setPartitionFormat,
  storedPartitions,
  storedTargets,
} from './support/stored-state.ts'

const test = stepwiseTest({ partitionCount: 2, targetCount: 1 })

const mineOf = ({ epochs }: OwnedPartitions) => [...epochs].map(([id, epoch]) => ({ id, epoch }))

/** A statement of the owner that does nothing but pass the fence. */
const passFence = ({ db }: StepwiseService, owned: OwnedPartitions) =>
  freezeLanes(
    db,
    owned,
    [],
    [],
    [...owned.epochs.keys()].map((partition) => ({ partition, watermark: 0 })),
  )

const moveCursors = ({ db }: StepwiseService, position: number) =>
  db.query(sql`update partition_cursor set position = ${position}`)

const storedCursor = async ({ db }: StepwiseService, partition: number) => (await readCursors(db, [partition]))[0]

const register = ({ db }: StepwiseService, id: string, format: number) =>
  registerDispatcher(db, { id, address: 'here', format, isLeaving: false }, 60_000)

test('renewed epochs wait for what still runs under the former ones, and the fence refuses what comes later', async ({
  steps,
}) => {
  const mayCommit = createGate()
  const isFenced = createGate()
  const ghost = steps.db.transaction(async (tx) => {
    await passFence({ ...steps, db: { ...steps.db, query: tx.query } }, steps.owned)
    isFenced.open()
    await mayCommit.opened
  })
  await isFenced.opened
  let isRenewed = false
  const renewal = renewEpochs(steps.db, steps.owned.ownerId, mineOf(steps.owned)).finally(() => {
    isRenewed = true
  })
  await eventually(() => sessionsWaitingForLock(steps.db)).toHaveLength(1)
  expect(isRenewed).toBe(false)
  mayCommit.open()
  await ghost
  const renewed = await renewal
  expect(renewed.toSorted((a, b) => a.id - b.id)).toEqual([
    { id: 0, epoch: 8 },
    { id: 1, epoch: 8 },
  ])
  await expect(passFence(steps, steps.owned)).rejects.toSatisfy(isLostOwnership)
  await passFence(steps, { ...steps.owned, epochs: new Map(renewed.map(({ id, epoch }) => [id, epoch])) })
})

test('epochs are renewed only where the partition is still ours at the epoch that is given', async ({ steps }) => {
  const { db, owned } = steps
  await setPartition(db, 1, { owner: randomUUID(), epoch: 7 })
  expect(await renewEpochs(db, owned.ownerId, [{ id: 0, epoch: 6 }])).toEqual([])
  expect(await renewEpochs(db, owned.ownerId, mineOf(owned))).toEqual([{ id: 0, epoch: 8 }])
  expect(await renewEpochs(db, owned.ownerId, mineOf(owned)), 'repeated').toEqual([])
  expect((await storedPartitions(db)).map(({ epoch }) => epoch)).toEqual([8, 7])
})

test('who takes a partition writes its format; where the former release was, the watermark goes to the cursor', async ({
  steps,
}) => {
  const { db, owned } = steps
  const ownerId = randomUUID()
  await register(steps, ownerId, 2)
  await moveCursors(steps, 40)
  await releasePartitions(db, owned.ownerId, [{ id: 0, format: 1 }])
  expect(await takePartitions(db, { ownerId, format: 2 }, [0], 1)).toEqual([{ id: 0, epoch: 9 }])
  expect(await storedCursor(steps, 0)).toEqual({ partition: 0, cursor: 40, settledBelow: 40 })
  expect(await storedCursor(steps, 1)).toEqual({ partition: 1, cursor: 40, settledBelow: 0 })
  await moveCursors(steps, 50)
  await releasePartitions(db, ownerId, [{ id: 0, format: 0 }])
  expect((await storedPartitions(db))[0]).toMatchObject({ owner: null, format: 2 })
  await takePartitions(db, { ownerId, format: 2 }, [0], 1)
  expect((await storedPartitions(db))[0]).toMatchObject({ owner: ownerId, format: 2 })
  expect(await storedCursor(steps, 0), 'lanes without rows were kept').toMatchObject({ cursor: 50, settledBelow: 40 })
})

test('a dispatcher of the former release cannot take a partition with lanes without rows', async ({ steps }) => {
  const { db } = steps
  const [former, present, gone] = [randomUUID(), randomUUID(), randomUUID()]
  await register(steps, former, 1)
  await register(steps, present, 2)
  await db.query(sql`update partition set owner = null`)
  await setPartitionFormat(db, 0, 2)
  /** As the former release takes it. */
  const takeAs = (owner: string, id: number) =>
    db.query(sql`
      update partition set owner = ${owner}, epoch = epoch + 1, format = least(format, 1) where id = ${id}
      returning id`)
  expect(await takeAs(former, 0)).toEqual([])
  expect(await takeAs(gone, 0), 'a dispatcher that is not registered').toEqual([])
  expect(await takeAs(former, 1), 'a partition of the former release').toEqual([{ id: 1 }])
  expect((await storedPartitions(db))[0]).toMatchObject({ owner: null, epoch: 7, format: 2 })
  await setPartitionFormat(db, 0, 3)
  expect(await takeAs(former, 0)).toEqual([])
  expect(await takePartitions(db, { ownerId: present, format: 2 }, [0], 1)).toEqual([{ id: 0, epoch: 8 }])
  expect((await storedPartitions(db))[0]).toMatchObject({ owner: present, format: 2 })
})

test('a deletion is found by the first look after its commit, however long before that look it began', async ({
  steps,
}) => {
  const { db } = steps
  await addTargets(db, 1)
  const targets = (await db.query<{ id: number }>(sql`select id from delivery_target order by id`)).map(({ id }) => id)
  const mayCommit = createGate()
  const isDeleted = createGate()
  const late = db.transaction(async (tx) => {
    await endSubscriptions(tx, { reason: 'deleted' })
    isDeleted.open()
    await mayCommit.opened
  })
  await isDeleted.opened
  let look = await readDeletions(db, null)
  expect(look.targetIds).toEqual([])
  for (let n = 0; n < 3; n += 1) {
    await db.query(sql`update partition_cursor set position = position`) // transactions that begin later and end before
    look = await readDeletions(db, look.seen)
    expect(look.targetIds).toEqual([])
  }
  mayCommit.open()
  await late
  look = await readDeletions(db, look.seen)
  expect(look.targetIds.toSorted((a, b) => a - b)).toEqual(targets)
  await steps.publish({}) // as long as no later transaction has an id, a snapshot begins with that of the deletion
  await eventually(async () => {
    look = await readDeletions(db, look.seen)
    return look.targetIds
  }).toEqual([])
})

test('only a deletion counts as one, whoever writes it', async ({ steps }) => {
  const { db } = steps
  const { seen } = await readDeletions(db, null)
  await endSubscriptions(db, { reason: 'subject' })
  expect(await readDeletions(db, seen)).toMatchObject({ targetIds: [] })
  await endSubscriptions(db, { reason: 'deleted' })
  expect((await readDeletions(db, seen)).targetIds).toHaveLength(1)
})

test('texts and targets are looked up by key', async ({ steps }) => {
  const { db } = steps
  const [record] = await steps.publish({ data: 'the text', deleteSubscriptionsMatchingSubject: true })
  const [entry] = await dispatchTaken(steps)
  const { partition, position, targetId } = required(entry, 'a notification')
  const { uuid, body, seqOffset } = required(record, 'a record')
  expect(
    await readTexts(db, [
      { partition, position },
      { partition, position: position + 1 },
    ]),
  ).toEqual([{ position, uuid, body, seqOffset, deletesSubscriptions: true }])
  const [stored] = await storedTargets(db)
  const [target] = await readTargets(db, [targetId, targetId + 1])
  expect(target).toMatchObject({
    targetId,
    method: 'WEBHOOK',
    address: required(stored, 'a target').address,
    tenant: 'dev',
    isCancelled: false,
  })
  await endSubscriptions(db, { reason: 'deleted' })
  expect(await readTargets(db, [targetId])).toEqual([{ ...target, isCancelled: true }])
})

test('a take-over reads what is not settled behind the watermark, whole events at a time', async ({ steps }) => {
  const { db, owned } = steps
  await addTargets(db, 2)
  await steps.publish({ seriesId: 'a' }, { seriesId: 'a' }, { seriesId: 'a' })
  const entries = await dispatchTaken(steps)
  const [settled, cold] = entries
  if (!settled || !cold) throw new Error('expected nine notifications')
  await settleNotifications(db, owned, [finalOf(settled)], [])
  await freezeLanes(db, owned, [await frozenLaneOf(steps, cold)], [], [])
  const read = (after: number, limit: number) => readUnsettled(db, cold.partition, after, limit)
  const all = await read(0, 100)
  expect(all.map(({ position, targetId }) => `${position} ${targetId}`).sort()).toEqual(
    entries.slice(1).map(({ position, targetId }) => `${position} ${targetId}`),
  )
  expect(all.filter(({ isCold }) => isCold).map(({ targetId }) => targetId)).toEqual([
    cold.targetId,
    cold.targetId,
    cold.targetId,
  ])
  const { partition, position, targetId, laneSeries, uuid, created } = cold
  expect(all.find((one) => one.position === position && one.targetId === targetId)).toEqual({
    partition,
    position,
    targetId,
    laneSeries,
    uuid,
    number: 1,
    created,
    ageMs: expect.any(Number) as number,
    isCold: true,
  })
  const page = await read(0, 3)
  expect(page, 'two of the first event, three of the second').toHaveLength(5)
  const behind = await read(required(page.at(-1), 'a page').position, 3)
  expect([...page, ...behind]).toHaveLength(all.length)
  expect(await readUnsettled(db, 1 - partition, 0, 10)).toEqual([])
})
