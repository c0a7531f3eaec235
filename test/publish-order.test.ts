import { createDatabaseBroker } from '@tidings/server/broker/database-broker.ts'
import { createLog } from '@tidings/server/log.ts'
import { createBatchWriter } from '@tidings/server/publish/batch-writer.ts'
import { eventRecord } from '@tidings/server/publish/record.ts'
import { expect } from 'vitest'
import { jobEvent } from './support/test-app.ts'
import { dataOf, eventually, numbersOf, serviceTest } from './support/service-fixtures.ts'
import { createGate } from './support/stepwise-service.ts'
import { lockEvents, sizesOfEventGroups } from './support/stored-state.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'

const PARTITIONS = 8
const test = serviceTest({ TIDINGS_PARTITIONS: String(PARTITIONS) })

/** The record that the service would make of this event. */
const recordOf = (event: Parameters<typeof jobEvent>[0]) =>
  eventRecord(jobEvent(event), { tenant: 'dev', user: 'jdoe', service: 'jobs' }, PARTITIONS, new Date())

/** Series of which the first shares its partition with no other, and the second and third share one. */
function seriesOn(subject: string): { apart: string; together: [string, string] } {
  const names = Array.from({ length: 50 }, (_, index) => `series-${index}`)
  const partition = (seriesId: string) => recordOf({ subject, seriesId }).partition
  const [one = ''] = names
  const other = names.find((name) => name !== one && partition(name) === partition(one)) ?? ''
  const apart = names.find((name) => partition(name) !== partition(one)) ?? ''
  return { apart, together: [one, other] }
}

test('when the commit of one publishing connection is delayed, nothing is skipped and nothing is reordered', async ({
  app,
  receiver,
  subject,
}) => {
  const {
    apart,
    together: [seriesId, neighbour],
  } = seriesOn(subject)
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
  const later = [
    app.publish({ subject, seriesId, data: 'later' }),
    app.publish({ subject, seriesId: neighbour, data: 'neighbour' }),
  ]
  await eventually(() => sessionsWaitingForLock(app.db)).toHaveLength(1)
  mayCommit.open()
  await Promise.all([slow, ...later])
  const received = await receiver.take(3)
  expect(dataOf(received).sort()).toEqual(['later', 'neighbour', 'slow'])
  const series = received.filter(({ notification }) => notification.event.seriesId === seriesId)
  expect(dataOf(series)).toEqual(['slow', 'later'])
  expect(numbersOf(series)).toEqual([1, 2])
})

test('two services on one database that publish to the same series lose nothing and number without holes', async ({
  app,
  receiver,
  subject,
}) => {
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

test('records that wait at the same time are written by one statement', async ({ app, subject }) => {
  const writer = createBatchWriter({
    broker: createDatabaseBroker({ writer: app.db, notifies: false }),
    log: createLog({ level: 'silent' }),
  })
  writer.start()
  const submit = (data: string) => writer.submit(recordOf({ subject, seriesId: data, data }))
  const [isLocked, mayUnlock] = [createGate(), createGate()]
  const lock = app.db.transaction(async (tx) => {
    await lockEvents(tx)
    isLocked.open()
    await mayUnlock.opened
  })
  await isLocked.opened
  const first = submit('first')
  await eventually(() => sessionsWaitingForLock(app.db)).toHaveLength(1)
  const others = Array.from({ length: 50 }, (_, index) => submit(`other ${index}`))
  mayUnlock.open()
  await Promise.all([lock, first, ...others])
  await writer.stop()
  // Rows of one statement have one transaction.
  expect(await sizesOfEventGroups(app.db, subject)).toEqual([1, 50])
})
