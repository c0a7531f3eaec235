import { createRecordingLog } from '@tidings/test/support/recording-log.ts'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../db/db.ts'
import type { Sql } from '../db/sql.ts'
import { MACHINE } from '../runtime/machine.ts'
import { createDeletions } from './deletions.ts'

/** No look begins by itself, but one that failed is repeated at once. */
function startTimer(ms: number, onPassed: () => void): () => void {
  if (ms === 250) queueMicrotask(onPassed)
  return () => undefined
}

/** Deletions in a database that answers as the test says, on a clock that it moves. */
function looking() {
  const world: { now: number; deleted: number[]; isAway: boolean; onLook: () => void } = {
    now: 0,
    deleted: [],
    isAway: false,
    onLook: () => undefined,
  }
  const asked: unknown[] = []
  const events: string[] = []
  function query({ values }: Sql) {
    asked.push(values[0])
    world.onLook()
    if (world.isAway) return Promise.reject(new Error('the database is away'))
    const targets = world.deleted.length === 0 ? [null] : world.deleted
    return Promise.resolve(targets.map((targetId) => ({ seen: `snapshot ${asked.length}`, targetId })))
  }
  const deletions = createDeletions({
    db: { query } as Db,
    onDeleted: (targetIds) => events.push(`deleted ${targetIds.join()}`),
    onFresh: () => events.push('fresh'),
    log: createRecordingLog().log,
    machine: { ...MACHINE, now: () => world.now, startTimer },
  })
  onTestFinished(() => deletions.stop())
  /** The first look. */
  async function begin() {
    const looked = deletions.renew()
    deletions.start()
    await looked
  }
  return { world, asked, events, deletions, begin }
}

test('before the first look nothing is known; each look goes on where the one before began', async () => {
  const { asked, events, deletions, world, begin } = looking()
  expect([deletions.hasLooked(), deletions.isFresh()]).toEqual([false, false])
  await begin()
  expect([deletions.hasLooked(), deletions.isFresh(), events]).toEqual([true, true, ['fresh']])
  world.deleted = [4, 5]
  await deletions.renew()
  expect(asked).toEqual([null, 'snapshot 1'])
  expect(events).toEqual(['fresh', 'deleted 4,5'])
})

test('a look counts from when it began, for 1.5 s', async () => {
  const { world, deletions, events, begin } = looking()
  world.onLook = () => void (world.now += 1000)
  await begin()
  world.onLook = () => undefined
  world.now = 1499
  expect(deletions.isFresh()).toBe(true)
  world.now = 1500
  expect(deletions.isFresh()).toBe(false)
  await deletions.renew()
  expect([deletions.isFresh(), events]).toEqual([true, ['fresh', 'fresh']])
})

test('a look that fails makes nothing fresh and keeps nobody waiting; what it missed is found later', async () => {
  const { world, asked, deletions, events, begin } = looking()
  await begin()
  world.isAway = true
  world.now = 2000
  await deletions.renew()
  world.isAway = false
  expect(deletions.isFresh()).toBe(false)
  world.deleted = [7]
  await deletions.renew()
  expect([deletions.isFresh(), events]).toEqual([true, ['fresh', 'deleted 7', 'fresh']])
  expect(new Set(asked)).toEqual(new Set([null, 'snapshot 1']))
})

test('a renewal waits for a look that began after it was asked for', async () => {
  const { world, asked, deletions, begin } = looking()
  let renewed: Promise<number> | undefined
  world.onLook = () => {
    renewed ??= deletions.renew().then(() => asked.length)
  }
  await begin()
  expect(await renewed).toBe(2)
})

test('nobody waits for a look after a stop', async () => {
  const { deletions } = looking()
  const renewed = deletions.renew()
  await deletions.stop()
  await renewed
  expect(deletions.isFresh()).toBe(false)
})
