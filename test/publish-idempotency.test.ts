import { randomUUID } from 'node:crypto'
import { sql } from '@tidings/server/db/sql.ts'
import { expect } from 'vitest'
import type { TestApp } from './support/app.ts'
import { dataOf, numbersOf, serviceTest } from './support/service-test.ts'

const test = serviceTest()

async function storedEvents(app: TestApp, subject: string): Promise<number> {
  const rows = await app.db.query(sql`select from event where subject = ${subject}`)
  return rows.length
}

const withKey = (key: string) => ({ 'idempotency-key': key })

test('a repeated Idempotency-Key gets the same uuid, and there is one event and one number', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const first = await app.publish({ subject, data: 'first' }, withKey(subject))
  const again = await app.publish({ subject, data: 'again' }, withKey(subject))
  await app.publish({ subject, data: 'other' })
  expect(again).toBe(first)
  const received = await receiver.take(2)
  expect(dataOf(received)).toEqual(['first', 'other'])
  expect(numbersOf(received)).toEqual([1, 2])
  expect(received[0]?.notification.eventUuid).toBe(first)
})

test('a key that comes again for another series makes no second event, on whatever partition that series is', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const uuids = new Set<string>()
  for (const seriesId of ['a', 'b', 'c', 'd', 'e', 'f']) uuids.add(await app.publish({ subject, seriesId }, withKey(subject)))
  const last = await app.publish({ subject, seriesId: 'f' })
  expect(uuids.size).toBe(1)
  const received = await receiver.take(2)
  expect(new Map(received.map(({ notification: { event, eventUuid } }) => [event.seriesId, eventUuid]))).toEqual(new Map([['a', [...uuids][0]], ['f', last]]))
  expect(numbersOf(received)).toEqual([1, 1])
  expect(await storedEvents(app, subject)).toBe(2)
})

test('requests with one key that are in flight at the same moment make one event', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const uuids = await Promise.all(Array.from({ length: 20 }, (_, index) => app.publish({ subject, seriesId: `series-${index % 4}` }, withKey(subject))))
  expect(new Set(uuids).size).toBe(1)
  await app.publish({ subject, data: 'after' })
  const received = await receiver.take(2)
  expect(received.map(({ notification }) => notification.eventUuid)).toContain(uuids[0])
  expect(dataOf(received)).toContain('after')
  expect(await storedEvents(app, subject)).toBe(2)
})

test('a key counts for one tenant', async ({ app, subject }) => {
  const dev = await app.publish({ subject }, withKey(subject))
  const admin = await app.publish({ subject }, { ...withKey(subject), 'x-tapis-tenant': 'admin' })
  expect(admin).not.toBe(dev)
})

test('without a key every publish is an event of its own', async ({ app, subject }) => {
  const event = { subject, timestamp: randomUUID() }
  expect(await app.publish(event)).not.toBe(await app.publish(event))
})
