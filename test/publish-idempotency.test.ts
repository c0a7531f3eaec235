import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { TestApp } from './support/test-app.ts'
import { dataOf, numbersOf, serviceTest } from './support/service-fixtures.ts'
import { storedEvents } from './support/stored-state.ts'

const test = serviceTest()

const countEvents = async ({ db }: TestApp, subject: string) => (await storedEvents(db, { subject })).length

const withKey = (key: string) => ({ 'idempotency-key': key })

/** What the same request must have again: `jobEvent` alone would make up another time. */
const AT = { timestamp: '2026-11-23T10:00:00Z' }

test('a repeated Idempotency-Key gets the same uuid, and there is one event and one number', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const first = await app.publish({ ...AT, subject, data: 'first' }, withKey(subject))
  const again = await app.publish({ ...AT, subject, data: 'first' }, withKey(subject))
  await app.publish({ subject, data: 'other' })
  expect(again).toBe(first)
  const received = await receiver.take(2)
  expect(dataOf(received)).toEqual(['first', 'other'])
  expect(numbersOf(received)).toEqual([1, 2])
  expect(received[0]?.notification.eventUuid).toBe(first)
})

test('concurrent requests with one key create one event', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const uuids = await Promise.all(Array.from({ length: 20 }, () => app.publish({ ...AT, subject }, withKey(subject))))
  expect(new Set(uuids).size).toBe(1)
  await app.publish({ subject, data: 'after' })
  const received = await receiver.take(2)
  expect(received.map(({ notification }) => notification.eventUuid)).toContain(uuids[0])
  expect(dataOf(received)).toContain('after')
  expect(await countEvents(app, subject)).toBe(2)
})

test('a key counts for one tenant', async ({ app, subject }) => {
  const dev = await app.publish({ ...AT, subject }, withKey(subject))
  const admin = await app.publish({ ...AT, subject }, { ...withKey(subject), 'x-tapis-tenant': 'admin' })
  expect(admin).not.toBe(dev)
})

test('without a key every publish is an event of its own', async ({ app, subject }) => {
  const event = { subject, timestamp: randomUUID() }
  expect(await app.publish(event)).not.toBe(await app.publish(event))
})
