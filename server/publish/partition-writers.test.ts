import { afterEach, expect, test } from 'vitest'
import { BrokerError, type Chain, type EventRecord } from '../broker/broker.ts'
import { createLog } from '../log.ts'
import { deferred } from '../runtime/deferred.ts'
import { createPartitionWriters, MESSAGE_LIMITS } from './partition-writers.ts'
import { PublishError } from './publish-error.ts'
import { eventRecord } from './record.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const record = (partition: number, bodyBytes = 1, chain?: Chain): EventRecord => ({
  ...eventRecord(
    { source: 's', type: 'jobs.A.B', timestamp: 't' },
    { tenant: 'dev', user: 'u', service: 'jobs' },
    1,
    new Date(0),
  ),
  partition,
  bodyBytes,
  chain,
})

/** A broker whose partition 0 has no leader until the test says so. */
function open() {
  const time = { now: 0 }
  const written: EventRecord[][] = []
  const held: ReturnType<typeof deferred<ReadonlySet<EventRecord>>>[] = []
  const writer = createPartitionWriters({
    broker: {
      publish(records) {
        written.push([...records])
        if (records[0]?.partition !== 0) return Promise.resolve(new Set())
        const confirm = deferred<ReadonlySet<EventRecord>>()
        held.push(confirm)
        return confirm.promise
      },
    },
    log: createLog({ level: 'silent' }),
    limits: MESSAGE_LIMITS,
    clock: () => time.now,
  })
  writer.start()
  stops.push(async () => {
    time.now = Infinity
    for (const confirm of held) confirm.resolve(new Set())
    await writer.stop()
  })
  const answerTo = (one: EventRecord) =>
    writer.submit(one).then(
      () => 'stored',
      (error: unknown) => (error instanceof PublishError ? error.kind : 'bug'),
    )
  return { writer, written, held, time, answerTo }
}

const eventually = (look: () => unknown) => expect.poll(look, { timeout: 5000, interval: 5 })
const ofPartition = (written: readonly EventRecord[][], partition: number) =>
  written.filter(([first]) => first?.partition === partition)

test('a write that has no end holds up its own partition only', async () => {
  const { written, held, time, answerTo } = open()
  const stuck = answerTo(record(0))
  await eventually(() => held.length).toBe(1)
  const behind = answerTo(record(0))
  for (let count = 0; count < 3; count += 1) expect(await answerTo(record(1))).toBe('stored')
  expect(ofPartition(written, 0)).toHaveLength(1)
  time.now = MESSAGE_LIMITS.deadlineMs
  expect([await stuck, await behind]).toEqual(['unknown', 'not_stored'])
})

test('a write that fails is repeated before what came after it', async () => {
  const { written, held, answerTo } = open()
  const [first, second] = [record(0), record(0)]
  const answers = [answerTo(first)]
  await eventually(() => held.length).toBe(1)
  answers.push(answerTo(second))
  held[0]?.reject(new BrokerError('not_stored', new Error('no leader')))
  await eventually(() => held.length).toBe(2)
  expect(ofPartition(written, 0)[1]).toEqual([first, second])
  held[1]?.resolve(new Set())
  expect(await Promise.all(answers)).toEqual(['stored', 'stored'])
})

test('records that are published together have their own fates, in their places', async () => {
  const { writer, held, time } = open()
  const chain: Chain = { seriesKey: 'a' }
  const outcomes = writer.submitAll([record(1), record(0, 1, chain), record(2), record(0, 1, chain)])
  await eventually(() => held.length).toBe(1)
  held[0]?.reject(new BrokerError('not_stored', new Error('no leader')))
  time.now = MESSAGE_LIMITS.deadlineMs
  expect((await outcomes).map((error) => error?.kind)).toEqual([undefined, 'not_stored', undefined, 'not_stored'])
})

test('a message has at most 256 KiB, or one record', async () => {
  const { written, writer } = open()
  await writer.submitAll([100, 150, 100, 400].map((kib) => record(1, kib * 1024)))
  expect(written.map((records) => records.map(({ bodyBytes }) => bodyBytes / 1024))).toEqual([[100, 150], [100], [400]])
})
