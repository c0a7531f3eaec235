import { randomUUID } from 'node:crypto'
import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { RECORD_FORMAT } from '@tidings/server/broker/broker.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { endOfSeriesRecord } from '@tidings/server/publish/record.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { jobEvent, startApp, type TestApp } from './support/app.ts'
import { sharesOf, startOwner } from './support/ownership.ts'
import { createRecordingLog, type RecordingLog } from './support/recording-log.ts'
import { eventually, numbersOf } from './support/service-test.ts'

const PARTITIONS = 4
/** Who publishes in these tests. */
const JOBS = { tenant: 'dev', user: 'jdoe', service: 'jobs' }

let api: TestApp
let receiver: Receiver
let recording: RecordingLog
let first: TestApp
const running: TestApp[] = []

/** All partitions are with the first dispatcher. */
beforeEach(async () => {
  receiver = await startReceiver()
  recording = createRecordingLog()
  api = await startApp({ env: { TIDINGS_ROLE: 'api', TIDINGS_PARTITIONS: String(PARTITIONS) } })
  first = await join(recording)
  await api.subscribe({ addresses: [receiver.url()] })
})

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.stop()))
  await api.stop()
  await receiver.close()
})

async function join({ log } = createRecordingLog()): Promise<TestApp> {
  const app = await startApp({ db: api.db, env: { TIDINGS_ROLE: 'dispatcher' }, log })
  running.push(app)
  return app
}

function leave(app: TestApp): Promise<void> {
  running.splice(running.indexOf(app), 1)
  return app.stop()
}

/** The name of a series that is in this partition. */
function seriesIn(partition: number): string {
  for (let count = 0; ; count += 1) {
    const { source, subject } = jobEvent()
    const seriesId = `series-${count}`
    if (endOfSeriesRecord({ source, subject: subject ?? '', seriesId }, JOBS, PARTITIONS, new Date(0)).partition === partition) return seriesId
  }
}

/** Puts a request on the wire for an event in each of these partitions. Answers how to answer them. */
async function occupy(...partitions: number[]): Promise<() => void> {
  const open: (() => void)[] = []
  receiver.decide((_request, response) => {
    open.push(() => response.writeHead(200).end())
    return 'withheld'
  })
  for (const partition of partitions) await api.publish({ seriesId: seriesIn(partition) })
  await receiver.take(partitions.length)
  receiver.decide(() => undefined)
  return () => {
    for (const answer of open) answer()
  }
}

const ownersOf = async () => (await api.db.query<{ owner: string | null }>(sql`select owner from partition order by id`)).map(({ owner }) => owner)
const uuids = () => receiver.received.map(({ notification }) => notification.uuid)

/** Resolves when every dispatcher has looked at the partitions once more. */
async function everybodyLooked(): Promise<void> {
  const [soon] = await api.db.query<{ at: string }>(sql`select (clock_timestamp() + interval '1.1 s')::text as at`)
  // A look renews the lease, for 4 s.
  await eventually(() => api.db.query(sql`select from dispatcher where lease_until - interval '4 s' < ${soon?.at}::timestamptz`)).toEqual([])
}

test('a partition is handed over when the answer of a slow receiver is there, and not before; its series goes on without a repetition', async () => {
  const before = await ownersOf()
  const answerAll = await occupy(0, 1, 2, 3)
  await join()
  await eventually(() => recording.messages).toContain('partitions are handed over')
  await everybodyLooked()
  expect(await ownersOf(), 'while the receiver thinks').toEqual(before)
  answerAll()
  await eventually(() => sharesOf(api.db)).toEqual([2, 2])
  for (const partition of [0, 1, 2, 3]) await api.publish({ seriesId: seriesIn(partition) })
  expect(numbersOf(await receiver.take(4))).toEqual([2, 2, 2, 2])
  expect(receiver.received).toHaveLength(8)
  expect(await api.db.query(sql`select from attempt`)).toEqual([])
})

test('a receiver that does not answer holds up a hand-over for 5 s, then its attempts are aborted, and the successor sends the same again', async () => {
  await occupy(3)
  const [sent] = uuids()
  const began = recording.next('partitions are handed over').then(() => performance.now())
  await join()
  const beganAt = await began
  await receiver.take(1)
  const heldMs = Math.round(performance.now() - beganAt)
  expect(uuids()).toEqual([sent, sent])
  expect(await sharesOf(api.db)).toEqual([2, 2])
  expect(recording.messages).toContain('attempts aborted, they will be made again')
  expect(await api.db.query(sql`select from attempt`), 'an attempt that we have aborted says nothing about the receiver').toEqual([])
  expect(heldMs, `sent again ${heldMs} ms after the hand-over had begun`).toBeGreaterThan(4500)
  expect(heldMs, `sent again ${heldMs} ms after the hand-over had begun`).toBeLessThan(8000)
})

test('a dispatcher that stops hands over at once what it has nothing under way on, the rest when the receiver has answered, and then ends', async () => {
  const [own] = await ownersOf()
  await join()
  await eventually(() => sharesOf(api.db)).toEqual([2, 2])
  const [kept = -1, idle = -1] = (await ownersOf()).flatMap((owner, id) => (owner === own ? [id] : []))
  const answerAll = await occupy(kept)
  const stopped = leave(first)
  await eventually(async () => (await ownersOf())[idle]).not.toBe(own)
  await everybodyLooked()
  expect((await ownersOf()).filter((owner) => owner === own), 'while the receiver thinks').toHaveLength(1)
  answerAll()
  await stopped
  await eventually(() => sharesOf(api.db)).toEqual([4])
  await api.publish({ seriesId: seriesIn(kept) })
  expect(numbersOf(await receiver.take(1))).toEqual([2])
  expect(receiver.received).toHaveLength(2)
})

test('a partition with a record of a newer format goes to a dispatcher that reads it', async () => {
  const uuid = await api.publish({ seriesId: 'a' })
  await receiver.take(1)
  const [row] = await api.db.query<{ partition: number }>(sql`
    insert into event (partition, position, uuid, kind, format, tenant, series_key, type1, type2, type3, subject, received, body, body_bytes)
    select partition, nextval('event_position'), ${randomUUID()}, kind, ${RECORD_FORMAT + 1}, tenant, series_key, type1, type2, type3, subject, received, body, body_bytes
    from event where uuid = ${uuid}
    returning partition`)
  const refused = row?.partition ?? -1
  await api.publish({ seriesId: 'a' })
  await eventually(() => api.db.query(sql`select owner, format from partition where id = ${refused}`)).toEqual([{ owner: null, format: RECORD_FORMAT + 1 }])
  const newer = startOwner(api.db, { format: RECORD_FORMAT + 1 })
  await eventually(() => [...newer.ownership.holding().epochs.keys()]).toContain(refused)
  await eventually(() => sharesOf(api.db)).toEqual([2, 2])
  expect(await api.db.query(sql`select from dead_letter`)).toEqual([])
  await newer.stop()
})
