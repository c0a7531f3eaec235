import { isLostOwnership } from '@tidings/server/db/fence.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { cancelGroup, settleGroup } from '@tidings/server/delivery/settle.ts'
import { lockLanes, settleHeads, type Settlement } from '@tidings/server/delivery/settle-store.ts'
import { insertMatches } from '@tidings/server/dispatch/match.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'
import { expect, test as base } from 'vitest'
import { eventually } from './support/service-test.ts'
import { createGate, openSteps, settled, type Steps } from './support/steps.ts'

const NONE: ReadonlySet<number> = new Set()

const test = base.extend<{ steps: Steps }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the names of the fixtures from the pattern
  steps: async ({}, use) => {
    const steps = await openSteps()
    await use(steps)
    await steps.stop()
  },
})

const settle = (steps: Steps, group: readonly Settlement[]) => settleGroup(steps.db, steps.holding, group, NONE)

/** The one head that is due. */
async function onlyHead(steps: Steps) {
  const [head, ...others] = await steps.claim()
  if (!head || others.length > 0) throw new Error(`expected one due lane, there are ${others.length + (head ? 1 : 0)}`)
  return head
}

const someoneWaitsForALock = (steps: Steps) =>
  eventually(() => steps.db.query(sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).toHaveLength(1)

/** What dispatch does for the event that waits, left uncommitted until the gate opens. */
async function insertSlowly({ db, broker, partitions }: Steps, number: number) {
  const [inserted, mayCommit] = [createGate(), createGate()]
  const done = db.transaction(async (tx) => {
    const taken = await broker.take(tx, partitions, 10)
    await insertMatches(tx, taken.map(({ partition, position }) => ({ partition, position, number })))
    await broker.advance(tx, taken)
    inserted.open()
    await mayCommit.opened
  })
  await Promise.race([inserted.opened, done])
  return { done, mayCommit }
}

test('when n+1 is inserted while the settlement of n waits for the lane, n+1 becomes its head', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'n' })
  await steps.dispatch()
  const head = await onlyHead(steps)
  await steps.publish({ data: 'n+1' })
  const insert = await insertSlowly(steps, 2)
  const settlement = settle(steps, [settled(head)])
  await someoneWaitsForALock(steps)
  insert.mayCommit.open()
  await Promise.all([insert.done, settlement])

  expect(await countStuckLanes(steps.db)).toBe(0)
  const next = await onlyHead(steps)
  expect(next).toMatchObject({ number: 2, attempts: 0 })
  await settle(steps, [settled(next)])
  expect(await steps.db.query(sql`select state from notification`)).toEqual([{ state: 'delivered' }, { state: 'delivered' }])
  expect(await steps.db.query(sql`select from lane`)).toEqual([])
})

test('when n is settled while the insert of n+1 waits for the lane, n+1 gets a lane of its own', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'n' })
  await steps.dispatch()
  const head = await onlyHead(steps)
  await steps.publish({ data: 'n+1' })
  const [isSettled, mayCommit] = [createGate(), createGate()]
  const settlement = steps.db.transaction(async (tx) => {
    await lockLanes(tx, [head])
    await settleHeads(tx, [settled(head)])
    isSettled.open()
    await mayCommit.opened
  })
  await isSettled.opened
  const insert = steps.dispatch()
  await someoneWaitsForALock(steps)
  mayCommit.open()
  await Promise.all([settlement, insert])

  expect(await countStuckLanes(steps.db)).toBe(0)
  expect(await onlyHead(steps)).toMatchObject({ number: 2 })
})

test('whatever settlements, retries and inserts run at the same moment on few lanes, no lane is ever stuck and nothing is left over', async ({ steps }) => {
  const [events, series] = [120, 3]
  await steps.subscribe('http://127.0.0.1/a')
  await steps.subscribe('http://127.0.0.1/b')
  let isOver = false
  let stuck = 0
  const watch = async () => {
    while (!isOver) stuck += await countStuckLanes(steps.db)
  }
  const insert = async () => {
    for (let event = 0; event < events; event += 1) {
      await steps.publish({ seriesId: String(event % series) })
      await steps.dispatch()
    }
  }
  const busy = new Set<string>()
  const deliver = async () => {
    let delivered = 0
    while (delivered < events * 2) {
      const heads = (await steps.claim()).filter((head) => !busy.has(`${head.targetId} ${head.laneSeries}`))
      await Promise.all(heads.map(async (head, index) => {
        const key = `${head.targetId} ${head.laneSeries}`
        busy.add(key)
        const isRetry = (head.position + index + head.attempts) % 5 === 0
        await settle(steps, [settled(head, isRetry ? { kind: 'retry', httpStatus: 500, reason: 'http_500' } : {})])
        busy.delete(key)
        delivered += isRetry ? 0 : 1
      }))
    }
  }
  const watching = watch()
  await Promise.all([insert(), deliver()])
  isOver = true
  await watching
  expect(stuck).toBe(0)
  expect(await steps.db.query(sql`select state, count(*) from notification group by state`)).toEqual([{ state: 'delivered', count: events * 2 }])
  expect(await steps.db.query(sql`select from lane`)).toEqual([])
})

test('a settlement that comes twice, or late, changes nothing', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({}, {})
  await steps.dispatch()
  const first = await onlyHead(steps)
  await settle(steps, [settled(first)])
  const before = await steps.db.query(sql`select * from lane`)
  await settle(steps, [settled(first, { kind: 'given_up', httpStatus: 410 })])
  await settle(steps, [settled(first, { kind: 'retry', delayMs: 60_000 })])
  expect(await steps.db.query(sql`select * from lane`)).toEqual(before)
  expect(await onlyHead(steps)).toMatchObject({ number: 2 })
  expect(await steps.db.query(sql`select state, http_status from notification order by position`)).toEqual([{ state: 'delivered', http_status: 200 }, { state: 'waiting', http_status: null }])
})

test('an owner whose epoch is over can neither dispatch nor settle nor cancel', async ({ steps }) => {
  const everything = () => steps.db.query(sql`
    select (select jsonb_agg(lane order by target_id) from lane) as lanes, (select jsonb_agg(notification order by position) from notification) as notifications,
           (select jsonb_agg(partition_cursor order by partition) from partition_cursor) as cursors, (select jsonb_agg(series) from series) as series,
           (select count(*) from attempt) as attempts`)
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({})
  await steps.dispatch()
  const head = await onlyHead(steps)
  await steps.publish({})
  await steps.db.query(sql`update partition set epoch = epoch + 1 where id = ${head.partition}`)
  const before = await everything()
  const works = [() => steps.dispatch(), () => settle(steps, [settled(head)]), () => settle(steps, [settled(head, { kind: 'retry', reason: 'x' })]), () => cancelGroup(steps.db, steps.holding, [head])]
  for (const work of works) {
    const error: unknown = await work().then(() => 'it went through', (reason: unknown) => reason)
    expect(isLostOwnership(error)).toBe(true)
  }
  // The same holds when the partition has another owner at that epoch.
  await steps.db.query(sql`update partition set epoch = epoch - 1, owner = gen_random_uuid() where id = ${head.partition}`)
  expect(isLostOwnership(await steps.dispatch().catch((reason: unknown) => reason))).toBe(true)
  expect(await everything()).toEqual(before)
})
