import { createDatabaseBroker } from '@tidings/server/broker/database.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import { createGroupWriter } from '@tidings/server/publish/group.ts'
import { eventRecord } from '@tidings/server/publish/record.ts'
import { expect } from 'vitest'
import { jobEvent, type TestApp } from './support/app.ts'
import { dataOf, eventually, numbersOf, serviceTest } from './support/service-test.ts'
import { createGate } from './support/steps.ts'

const PARTITIONS = 8
const test = serviceTest({ TIDINGS_PARTITIONS: String(PARTITIONS) })

/** The record that the service would make of this event. */
const recordOf = (event: Parameters<typeof jobEvent>[0]) => eventRecord(jobEvent(event), { tenant: 'dev', user: 'jdoe', service: 'jobs' }, PARTITIONS, new Date())

/** Series of which the first shares its partition with no other, and the second and third share one. */
function seriesOn(subject: string): { apart: string; together: [string, string] } {
  const names = Array.from({ length: 50 }, (_, index) => `series-${index}`)
  const partition = (seriesId: string) => recordOf({ subject, seriesId }).partition
  const [one = ''] = names
  const other = names.find((name) => name !== one && partition(name) === partition(one)) ?? ''
  const apart = names.find((name) => partition(name) !== partition(one)) ?? ''
  return { apart, together: [one, other] }
}

const waitingForLocks = ({ db }: TestApp) => db.query(sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)

test('when the commit of one publishing connection is delayed, nothing is skipped and nothing is reordered', async ({ app, receiver, subject }) => {
  const { apart, together: [seriesId, neighbour] } = seriesOn(subject)
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const [isWritten, mayCommit] = [createGate(), createGate()]
  const slow = app.db.transaction(async (tx) => {
    const connection = createDatabaseBroker({ writer: { ...app.db, query: tx.query }, notifies: false })
    await connection.publish([recordOf({ subject, seriesId, data: 'slow' })])
    isWritten.open()
    await mayCommit.opened
  })
  await isWritten.opened
  // Its position is allotted and not to be seen yet. Another partition is not held up, and gets higher positions.
  await app.publish({ subject, seriesId: apart, data: 'apart' })
  expect(dataOf(await receiver.take(1))).toEqual(['apart'])
  const later = [app.publish({ subject, seriesId, data: 'later' }), app.publish({ subject, seriesId: neighbour, data: 'neighbour' })]
  await eventually(() => waitingForLocks(app)).toHaveLength(1)
  mayCommit.open()
  await Promise.all([slow, ...later])
  const received = await receiver.take(3)
  expect(dataOf(received).sort()).toEqual(['later', 'neighbour', 'slow'])
  const series = received.filter(({ notification }) => notification.event.seriesId === seriesId)
  expect(dataOf(series)).toEqual(['slow', 'later'])
  expect(numbersOf(series)).toEqual([1, 2])
})

test('two services on one database that publish to the same series lose nothing and number without holes', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const other = createDatabaseBroker({ writer: app.db, notifies: false })
  const each = 60
  const ofService = Array.from({ length: each }, (_, index) => app.publish({ subject, data: `service ${index}` }))
  const ofOther = (async () => {
    for (let index = 0; index < each; index += 1) await other.publish([recordOf({ subject, data: `other ${index}` })])
  })()
  await Promise.all([...ofService, ofOther])
  const received = await receiver.take(2 * each)
  expect(numbersOf(received)).toEqual(Array.from({ length: 2 * each }, (_, index) => index + 1))
  expect(new Set(dataOf(received)).size).toBe(2 * each)
  const others = dataOf(received).filter((data) => data?.startsWith('other'))
  expect(others).toEqual(Array.from({ length: each }, (_, index) => `other ${index}`))
})

test('records that wait for the same moment are written by one statement', async ({ app, subject }) => {
  const writer = createGroupWriter({ broker: createDatabaseBroker({ writer: app.db, notifies: false }), log: createLog({ level: 'silent' }) })
  writer.start()
  const submit = (data: string) => writer.submit(recordOf({ subject, seriesId: data, data }), 'NTFAPI_EVENT_POST_ERR')
  const [isLocked, mayUnlock] = [createGate(), createGate()]
  const lock = app.db.transaction(async (tx) => {
    await tx.query(sql`lock table event in share mode`)
    isLocked.open()
    await mayUnlock.opened
  })
  await isLocked.opened
  const first = submit('first')
  await eventually(() => waitingForLocks(app)).toHaveLength(1)
  const others = Array.from({ length: 50 }, (_, index) => submit(`other ${index}`))
  mayUnlock.open()
  await Promise.all([lock, first, ...others])
  await writer.stop()
  // Rows of one statement have one transaction.
  const groups = await app.db.query(sql`select count(*) from event where subject = ${subject} group by xmin order by 1`)
  expect(groups).toEqual([{ count: 1 }, { count: 50 }])
})
