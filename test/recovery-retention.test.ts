import { sql } from '@tidings/server/db/sql.ts'
import { createReaper } from '@tidings/server/recovery/reaper.ts'
import { createRetention } from '@tidings/server/recovery/retention.ts'
import { settleGroup } from '@tidings/server/delivery/settle.ts'
import { expect, test as base } from 'vitest'
import { createRecordingLog } from './support/recording-log.ts'
import { openSteps, settled, type Steps } from './support/steps.ts'

const test = base.extend<{ steps: Steps }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the names of the fixtures from the pattern
  steps: async ({}, use) => {
    // One partition, so that every rule is applied to rows that lie side by side.
    const steps = await openSteps({ partitionCount: 1 })
    await use(steps)
    await steps.stop()
  },
})

/** Lets retention run once, with 48 hours. Rejects when it removes nothing at all. */
async function retain({ db }: Steps): Promise<void> {
  const { log, next } = createRecordingLog()
  const removed = next('retention')
  const worker = createRetention({ db, retentionHours: 48, log })
  worker.start()
  await removed
  await worker.stop()
}

/** `data` of the events that are still there, in their order. */
const kept = async ({ db }: Steps) => (await db.query<{ body: string }>(sql`select body from event order by position`)).map(({ body }) => /"data": "([^"]*)"/.exec(body)?.[1])

const count = async ({ db }: Steps, table: 'notification' | 'attempt' | 'lane' | 'series') => {
  const [row] = await db.query<Record<string, number>>(sql`
    select (select count(*) from notification) as notification, (select count(*) from attempt) as attempt,
           (select count(*) from lane) as lane, (select count(*) from series) as series`)
  return row?.[table]
}

const age = ({ db }: Steps, data: string, hours: number) => db.query(sql`
  with aged as (update event set received = received - ${hours} * interval '1 hour' where body like ${`%"data": "${data}"%`} returning partition, position)
  update notification set settled = settled - ${hours} * interval '1 hour' from aged where notification.partition = aged.partition and notification.position = aged.position`)

async function settleAll(steps: Steps, outcome: Parameters<typeof settled>[1] = {}): Promise<void> {
  for (let heads = await steps.claim(); heads.length > 0; heads = outcome.kind === 'retry' ? [] : await steps.claim()) {
    await settleGroup(steps.db, steps.holding, heads.map((head) => settled(head, outcome)), new Set())
  }
}

test('what was settled longer ago than the retention goes with its attempts; what is younger stays', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old' }, { data: 'young' })
  await steps.dispatch()
  await settleAll(steps, { kind: 'retry', reason: 'http_500', delayMs: 0 })
  await settleAll(steps)
  await age(steps, 'old', 49)
  await age(steps, 'young', 47)
  await retain(steps)
  expect(await kept(steps)).toEqual(['young'])
  expect([await count(steps, 'notification'), await count(steps, 'attempt')]).toEqual([1, 0])
})

test('an old event that was settled a moment ago stays', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old', seriesId: 'a' }, { data: 'settled late', seriesId: 'b' })
  await steps.dispatch()
  await settleAll(steps)
  await age(steps, 'old', 100)
  await steps.db.query(sql`update event set received = received - interval '100 hours' where body like '%settled late%'`)
  await retain(steps)
  expect(await kept(steps)).toEqual(['settled late'])
})

test('an old event with a notification that is not settled stays, and its lane goes on afterwards', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old', seriesId: 'a' })
  await steps.dispatch()
  await settleAll(steps)
  await steps.publish({ data: 'waits', seriesId: 'b' })
  await steps.dispatch()
  for (const data of ['old', 'waits']) await age(steps, data, 1000)
  await retain(steps)
  expect(await kept(steps)).toEqual(['waits'])
  expect(await count(steps, 'lane')).toBe(1)
  await settleAll(steps)
  expect(await steps.db.query(sql`select state from notification`)).toEqual([{ state: 'delivered' }])
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
  await steps.db.query(sql`delete from dead_letter`)
  await retain(steps)
  expect(await kept(steps)).toEqual([])
})

test('a series that nobody used for 400 days is forgotten, and begins again at 1', async ({ steps }) => {
  await steps.publish({ seriesId: 'idle' }, { seriesId: 'used' })
  await steps.dispatch()
  await steps.db.query(sql`update series set used = now() - interval '399 days'`)
  await steps.publish({ seriesId: 'used' })
  await steps.dispatch()
  await steps.db.query(sql`update series set used = used - interval '2 days'`)
  await retain(steps)
  expect(await steps.db.query(sql`select last_number from series`)).toEqual([{ last_number: 2 }])
})

test('a subscription that ended goes when nothing of it is left, and not before', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old' })
  await steps.dispatch()
  await settleAll(steps)
  await steps.db.query(sql`update subscription set ended = now() - interval '100 hours', end_reason = 'subject'`)
  await steps.publish({ data: 'other', seriesId: 'nobody matches it any more' })
  await steps.dispatch()
  await age(steps, 'other', 100)
  await retain(steps)
  expect(await kept(steps)).toEqual(['old'])
  expect(await steps.db.query(sql`select from subscription`)).toHaveLength(1)
  await age(steps, 'old', 100)
  await retain(steps)
  expect(await steps.db.query(sql`select from subscription`)).toEqual([])
  expect(await steps.db.query(sql`select from delivery_target`)).toEqual([])
})

test('with a subscription goes its test sequence, and what that has received', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.db.query(sql`insert into test_sequence (subscription_id, start_count, ends_series) select id, 1, true from subscription`)
  await steps.db.query(sql`insert into test_notification (subscription_id, body) select id, '{}' from subscription`)
  await steps.db.query(sql`update subscription set ended = now() - interval '100 hours', end_reason = 'expired', expiry = now() - interval '100 hours'`)
  await retain(steps)
  for (const table of [sql`subscription`, sql`test_sequence`, sql`test_notification`]) expect(await steps.db.query(sql`select from ${table}`)).toEqual([])
})

test('an expired subscription stays while something received before its expiry is not dispatched, and gets it', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({ data: 'old', subject: null })
  await steps.dispatch()
  await settleAll(steps)
  await age(steps, 'old', 200)
  await steps.publish({ data: 'backlog' })
  await age(steps, 'backlog', 150)
  await steps.db.query(sql`update subscription set expiry = now() - interval '100 hours'`)
  const reaper = createReaper({ db: steps.db, intervalMs: 60_000, log: createRecordingLog().log })
  reaper.start()
  await reaper.stop()
  expect(await steps.db.query(sql`update subscription set ended = expiry where end_reason = 'expired' returning 1`)).toHaveLength(1)
  await retain(steps)
  expect(await kept(steps)).toEqual(['backlog'])
  expect(await steps.dispatch()).toMatchObject({ records: 1, matched: [{ notifications: 1 }] })
})

test('a target that a change has ended goes when nothing of it is left, and not before', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  const targets = () => steps.db.query(sql`select from delivery_target`)
  await steps.publish({ data: 'old' })
  await steps.dispatch()
  await settleAll(steps)
  await steps.db.query(sql`update delivery_target set ended = now() - interval '49 hours'`)
  await steps.db.query(sql`insert into series (series_key, partition, last_number, used) values (gen_random_uuid(), 0, 1, now() - interval '500 days')`)
  await retain(steps)
  expect(await targets()).toHaveLength(1)
  await age(steps, 'old', 49)
  await retain(steps) // its notification
  await steps.db.query(sql`insert into series (series_key, partition, last_number, used) values (gen_random_uuid(), 0, 1, now() - interval '500 days')`)
  await retain(steps)
  expect(await targets()).toEqual([])
})

test('a target that a change brings back at this moment is passed over: neither waits for the other', async ({ steps }) => {
  await steps.subscribe('http://127.0.0.1/')
  await steps.db.query(sql`update delivery_target set ended = now() - interval '49 hours'`)
  await steps.db.query(sql`insert into series (series_key, partition, last_number, used) values (gen_random_uuid(), 0, 1, now() - interval '500 days')`)
  await steps.db.transaction(async (tx) => {
    await tx.query(sql`update delivery_target set ended = null`)
    await retain(steps)
  })
  expect(await steps.db.query(sql`select ended from delivery_target`)).toEqual([{ ended: null }])
})

test('what an idempotency key stands for goes with its event, and no sooner than the uuid is forgotten', async ({ steps }) => {
  const [unsettled] = await steps.publish({ data: 'waits' })
  const reserve = (uuid: string, hours: number) => steps.db.query(sql`
    insert into idempotency_key (uuid, content_hash, created) values (${uuid}, ${uuid}, now() - ${hours} * interval '1 hour')`)
  const [young, old, waiting] = ['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', unsettled?.uuid ?? '']
  await reserve(young, 47)
  await reserve(old, 49)
  await reserve(waiting, 49)
  await retain(steps)
  const left = await steps.db.query<{ uuid: string }>(sql`select uuid from idempotency_key`)
  expect(left.map(({ uuid }) => uuid).toSorted()).toEqual([young, waiting].toSorted())
})
