import { RECORD_FORMAT } from '@tidings/server/broker/broker.ts'
import { expect } from 'vitest'
import { startApp } from './support/test-app.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { dataOf, eventually, numbersOf, serviceTest } from './support/service-fixtures.ts'
import {
  deadLetterReasons,
  type Oddity,
  partitionOwners,
  refuseNotifications,
  storedDeadLetters,
  storeOddCopy,
  undispatchedEvents,
} from './support/stored-state.ts'

const test = serviceTest()

test.for<[string, Oddity, string]>([
  ['of an unknown kind', { kind: 'riddle' }, 'a record of unknown kind'],
  ['without a type', { hasType: false }, 'an event without a type'],
])(
  'a record %s is parked, uses up no number, and its partition goes on',
  async ([, oddity, reason], { app, receiver, subject }) => {
    await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
    const before = await app.publish({ subject, data: 'before' })
    const partition = await storeOddCopy(app.db, before, oddity)
    await app.publish({ subject, data: 'after' })
    const received = await receiver.take(2)
    expect(dataOf(received)).toEqual(['before', 'after'])
    expect(numbersOf(received)).toEqual([1, 2])
    const parked = await storedDeadLetters(app.db)
    expect(parked.filter((one) => one.partition === partition && one.reason === reason)).toHaveLength(1)
  },
)

test('an event that alone breaks the transaction by its content is parked, and all others of its batch go out', async ({
  receiver,
}) => {
  const api = await startApp({ env: { TIDINGS_ROLE: 'api' } })
  await api.subscribe({ addresses: [receiver.url()] })
  // Stands for a content that PostgreSQL does not take; the api rejects all known ones.
  await refuseNotifications(api.db, 'deadly')
  for (const data of ['a', 'deadly', 'b', 'deadly', 'c']) await api.publish({ seriesId: 'one', data })
  for (const data of ['x', 'y']) await api.publish({ seriesId: data, data })
  const { log, messages } = createRecordingLog()
  const dispatcher = await startApp({ db: api.db, env: { TIDINGS_ROLE: 'dispatcher' }, log })
  const received = await receiver.take(5)
  expect(dataOf(received).sort()).toEqual(['a', 'b', 'c', 'x', 'y'])
  const inSeries = received.filter(({ notification }) => notification.event.seriesId === 'one')
  expect(dataOf(inSeries)).toEqual(['a', 'b', 'c'])
  expect(numbersOf(inSeries)).toEqual([1, 2, 3])
  expect(await deadLetterReasons(api.db)).toEqual(['SQLSTATE 22021: indigestible', 'SQLSTATE 22021: indigestible'])
  expect(messages).toContain('records parked as dead letters')
  await dispatcher.stop()
  await api.stop()
})

test('at a newer format the process gives up the partition, unparked; others go on, readycheck says so', async ({
  receiver,
}) => {
  const { log, messages } = createRecordingLog()
  const app = await startApp({ log })
  await app.subscribe({ addresses: [receiver.url()] })
  const first = await app.publish({ seriesId: 'a', data: 'a1' })
  const partition = await storeOddCopy(app.db, first, { format: RECORD_FORMAT + 1 })
  const blocked = await app.publish({ seriesId: 'a', data: 'a2' })
  await eventually(async () => (await partitionOwners(app.db))[partition]).toBeNull()
  for (let series = 0; series < 10; series += 1) await app.publish({ seriesId: `other-${series}`, data: 'other' })
  await receiver.waitFor((received) => received.some(({ notification }) => notification.event.data === 'other'))
  expect(dataOf(receiver.received)).not.toContain('a2')
  expect(messages).toContain('partition given up: its records have a newer format')
  expect(await storedDeadLetters(app.db)).toEqual([])
  expect(await app.client.call('GET', '/readycheck')).toMatchObject({
    status: 503,
    body: { result: expect.stringContaining('CheckDispatcher:FAIL') as unknown },
  })
  expect(await undispatchedEvents(app.db)).toContain(blocked)
  await app.stop()
})
