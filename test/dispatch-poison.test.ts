import { randomUUID } from 'node:crypto'
import { RECORD_FORMAT } from '@tidings/server/broker/broker.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { expect } from 'vitest'
import { startApp, type TestApp } from './support/app.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { dataOf, eventually, numbersOf, serviceTest } from './support/service-test.ts'

const test = serviceTest()

interface Oddity {
  readonly kind?: string
  readonly format?: number
  readonly hasType?: boolean
}

/** Writes a record like the one of this event, with something odd about it, behind it in its partition. Answers the partition. */
async function insertOdd({ db }: TestApp, likeUuid: string, { kind = 'event', format = RECORD_FORMAT, hasType = true }: Oddity): Promise<number> {
  const [row] = await db.query<{ partition: number }>(sql`
    insert into event (partition, position, uuid, kind, format, tenant, series_key, type1, type2, type3, subject, received, body, body_bytes)
    select partition, nextval('event_position'), ${randomUUID()}, ${kind}, ${format}, tenant, series_key,
           case when ${hasType} then type1 end, type2, type3, subject, received, body, body_bytes
    from event where uuid = ${likeUuid}
    returning partition`)
  if (!row) throw new Error('nothing was inserted')
  return row.partition
}

test.for<[string, Oddity, string]>([
  ['of an unknown kind', { kind: 'riddle' }, 'a record of unknown kind'],
  ['without a type', { hasType: false }, 'an event without a type'],
])('a record %s is parked, burns no number, and its partition goes on', async ([, oddity, reason], { app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const before = await app.publish({ subject, data: 'before' })
  const partition = await insertOdd(app, before, oddity)
  await app.publish({ subject, data: 'after' })
  const received = await receiver.take(2)
  expect(dataOf(received)).toEqual(['before', 'after'])
  expect(numbersOf(received)).toEqual([1, 2])
  expect(await app.db.query(sql`select reason from dead_letter where partition = ${partition} and reason = ${reason}`)).toHaveLength(1)
})

test('an event that alone breaks the transaction by its content is parked, and all others of its batch go out', async ({ receiver }) => {
  const api = await startApp({ env: { TIDINGS_ROLE: 'api' } })
  await api.subscribe({ addresses: [receiver.url()] })
  // Stands for a content that PostgreSQL does not take; the api refuses all that are known.
  await api.db.query(sql`
    create function refuse() returns trigger language plpgsql as $$
    begin
      if exists (select from event where partition = new.partition and position = new.position and body like '%deadly%') then
        raise exception 'indigestible' using errcode = '22021';
      end if;
      return new;
    end $$`)
  await api.db.query(sql`create trigger refuse before insert on notification for each row execute function refuse()`)
  for (const data of ['a', 'deadly', 'b', 'deadly', 'c']) await api.publish({ seriesId: 'one', data })
  for (const data of ['x', 'y']) await api.publish({ seriesId: data, data })
  const { log, messages } = createRecordingLog()
  const dispatcher = await startApp({ db: api.db, env: { TIDINGS_ROLE: 'dispatcher' }, log })
  const received = await receiver.take(5)
  expect(dataOf(received).sort()).toEqual(['a', 'b', 'c', 'x', 'y'])
  const inSeries = received.filter(({ notification }) => notification.event.seriesId === 'one')
  expect(dataOf(inSeries)).toEqual(['a', 'b', 'c'])
  expect(numbersOf(inSeries)).toEqual([1, 2, 3])
  expect(await api.db.query(sql`select reason from dead_letter`)).toEqual([{ reason: 'SQLSTATE 22021: indigestible' }, { reason: 'SQLSTATE 22021: indigestible' }])
  expect(messages).toContain('records parked as dead letters')
  await dispatcher.stop()
  await api.stop()
})

test('a newer format makes the process give the partition up, unparked; other partitions go on, and readycheck tells', async ({ receiver }) => {
  const { log, messages } = createRecordingLog()
  const app = await startApp({ log })
  await app.subscribe({ addresses: [receiver.url()] })
  const first = await app.publish({ seriesId: 'a', data: 'a1' })
  const partition = await insertOdd(app, first, { format: RECORD_FORMAT + 1 })
  const blocked = await app.publish({ seriesId: 'a', data: 'a2' })
  await eventually(() => app.db.query(sql`select owner from partition where id = ${partition}`)).toEqual([{ owner: null }])
  for (let series = 0; series < 10; series += 1) await app.publish({ seriesId: `other-${series}`, data: 'other' })
  await receiver.waitFor((received) => received.some(({ notification }) => notification.event.data === 'other'))
  expect(dataOf(receiver.received)).not.toContain('a2')
  expect(messages).toContain('partition given up: its records have a newer format')
  expect(await app.db.query(sql`select from dead_letter`)).toEqual([])
  expect(await app.client.call('GET', '/readycheck')).toMatchObject({ status: 503, body: { result: expect.stringContaining('CheckDispatcher:FAIL') as unknown } })
  expect(await app.db.query(sql`
    select from event join partition_cursor using (partition)
    where event.uuid = ${blocked} and event.position > partition_cursor.position`)).toHaveLength(1)
  await app.stop()
})
