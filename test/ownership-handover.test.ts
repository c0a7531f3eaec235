import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { KEEPS_LANES_FORMAT, RECORD_FORMAT } from '@tidings/server/broker/broker.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startApp, type TestApp } from './support/test-app.ts'
import { startOwner } from './support/partition-shares.ts'
import { seriesInPartition } from './support/series-in-partition.ts'
import { createRecordingLog, type RecordingLog } from './support/recording-log.ts'
import { eventually, numbersOf } from './support/service-fixtures.ts'
import {
  attemptFailures,
  leasesEndingBefore,
  partitionOwners,
  readShares,
  storedDeadLetters,
  storedPartitions,
  storeOddCopy,
} from './support/stored-state.ts'

const PARTITIONS = 4

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
const seriesIn = (partition: number) => seriesInPartition(partition, { partitions: PARTITIONS, count: 1 })[0] ?? ''

/** Puts a request on the wire for an event in each of these partitions. Returns a function that responds to them. */
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

const uuids = () => receiver.received.map(({ notification }) => notification.uuid)

/** Resolves when every dispatcher has looked at the partitions once more. */
async function everybodyLooked(): Promise<void> {
  // A look in 1.1 s renews the lease, for 4 s.
  const [end] = await api.db.query<{ at: string }>(sql`select (clock_timestamp() + interval '5.1 s')::text as at`)
  await eventually(() => leasesEndingBefore(api.db, end?.at ?? '')).toEqual([])
}

test('a partition is handed over when a slow receiver has responded, not before; nothing is repeated', async () => {
  const before = await partitionOwners(api.db)
  const answerAll = await occupy(0, 1, 2, 3)
  await join()
  await eventually(() => recording.messages).toContain('partitions are handed over')
  await everybodyLooked()
  expect(await partitionOwners(api.db), 'while the receiver thinks').toEqual(before)
  answerAll()
  await eventually(() => readShares(api.db)).toEqual([2, 2])
  for (const partition of [0, 1, 2, 3]) await api.publish({ seriesId: seriesIn(partition) })
  expect(numbersOf(await receiver.take(4))).toEqual([2, 2, 2, 2])
  expect(receiver.received).toHaveLength(8)
  expect(await attemptFailures(api.db)).toEqual([])
})

test('a silent receiver holds up a hand-over for 5 s, then is aborted; the successor sends the same', async () => {
  await occupy(3)
  const [sent] = uuids()
  const began = recording.next('partitions are handed over').then(() => performance.now())
  await join()
  const beganAt = await began
  await receiver.take(1)
  const heldMs = Math.round(performance.now() - beganAt)
  expect(uuids()).toEqual([sent, sent])
  expect(await readShares(api.db)).toEqual([2, 2])
  expect(recording.messages).toContain('attempts aborted, they will be repeated')
  expect(await attemptFailures(api.db), 'an attempt that we have aborted says nothing about the receiver').toEqual([])
  expect(heldMs, `sent again ${heldMs} ms after the hand-over had begun`).toBeGreaterThan(4500)
  expect(heldMs, `sent again ${heldMs} ms after the hand-over had begun`).toBeLessThan(8000)
})

test('a dispatcher that stops hands over idle partitions at once, the rest after the response, and ends', async () => {
  const [own] = await partitionOwners(api.db)
  await join()
  await eventually(() => readShares(api.db)).toEqual([2, 2])
  const [kept = -1, idle = -1] = (await partitionOwners(api.db)).flatMap((owner, id) => (owner === own ? [id] : []))
  const answerAll = await occupy(kept)
  const stopped = leave(first)
  await eventually(async () => (await partitionOwners(api.db))[idle]).not.toBe(own)
  await everybodyLooked()
  expect(
    (await partitionOwners(api.db)).filter((owner) => owner === own),
    'while the receiver thinks',
  ).toHaveLength(1)
  answerAll()
  await stopped
  await eventually(() => readShares(api.db)).toEqual([4])
  await api.publish({ seriesId: seriesIn(kept) })
  expect(numbersOf(await receiver.take(1))).toEqual([2])
  expect(receiver.received).toHaveLength(2)
})

test('a partition with a record of a newer format goes to a dispatcher that reads it', async () => {
  const uuid = await api.publish({ seriesId: 'a' })
  await receiver.take(1)
  const refused = await storeOddCopy(api.db, uuid, { format: RECORD_FORMAT + 1 })
  await api.publish({ seriesId: 'a' })
  await eventually(async () => (await storedPartitions(api.db))[refused]).toMatchObject({
    id: refused,
    owner: null,
    format: KEEPS_LANES_FORMAT + 1,
  })
  const newer = startOwner(api.db, { format: KEEPS_LANES_FORMAT + 1 })
  await eventually(() => [...newer.ownership.activePartitions().epochs.keys()]).toContain(refused)
  await eventually(() => readShares(api.db)).toEqual([2, 2])
  expect(await storedDeadLetters(api.db)).toEqual([])
  await newer.stop()
})
