import { afterEach, expect, test } from 'vitest'
import { BrokerError, type Chain, type EventRecord } from '../broker/broker.ts'
import { createLog } from '../log.ts'
import { createBatchWriter, type BatchWriter } from './batch-writer.ts'
import { PublishError } from './publish-error.ts'
import { eventRecord } from './record.ts'
import { BATCH_LIMITS, type BatchLimits } from './pending-publishes.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A broker that implements the port and ends each write when the test says so. */
function scriptedBroker() {
  const writes: {
    records: readonly EventRecord[]
    succeed: (reused?: ReadonlySet<EventRecord>) => void
    fail: (outcome: BrokerError['outcome']) => void
  }[] = []
  let onWrite: () => void = () => undefined
  return {
    writes,
    publish: (records: readonly EventRecord[]) =>
      new Promise<ReadonlySet<EventRecord>>((resolve, reject) => {
        writes.push({
          records,
          succeed: (reused = new Set()) => resolve(reused),
          fail: (outcome) => reject(new BrokerError(outcome, new Error('scripted'))),
        })
        onWrite()
      }),
    /** The write of this number, from 0, once it has come. */
    async write(number: number) {
      while (writes.length <= number) await new Promise<void>((resolve) => (onWrite = resolve))
      const found = writes[number]
      if (!found) throw new Error(`no write ${number}`)
      return found
    },
  }
}

const record = () =>
  eventRecord(
    { source: 's', type: 'jobs.A.B', timestamp: 't' },
    { tenant: 'dev', user: 'u', service: 'jobs' },
    1,
    new Date(0),
  )

function open(limits: Partial<BatchLimits> = {}) {
  const broker = scriptedBroker()
  const time = { now: 0 }
  const writer = createBatchWriter({
    broker,
    log: createLog({ level: 'silent' }),
    limits: { ...BATCH_LIMITS, ...limits },
    clock: () => time.now,
  })
  writer.start()
  stops.push(async () => {
    time.now = Infinity // ends all that still wait
    for (const write of broker.writes) write.succeed()
    await writer.stop()
  })
  return { broker, time, writer }
}

/** What a publisher is told: `stored`, or the kind of its error. */
const answerTo = (writer: BatchWriter, one: EventRecord = record()) =>
  writer.submit(one).then(
    () => 'stored',
    (error: unknown) => (error instanceof PublishError ? error.kind : 'bug'),
  )

test('records that come during a write share the next one, in order', async () => {
  const { broker, writer } = open()
  const first = answerTo(writer)
  const firstWrite = await broker.write(0)
  const later = Array.from({ length: 100 }, record)
  const answers = later.map((one) => answerTo(writer, one))
  firstWrite.succeed()
  const second = await broker.write(1)
  expect(second.records).toEqual(later)
  second.succeed()
  expect(await Promise.all([first, ...answers])).toEqual(Array.from({ length: 101 }, () => 'stored'))
  expect(broker.writes).toHaveLength(2)
})

test('records submitted in one tick share one write, without a wait when idle', async () => {
  const { broker, writer } = open()
  const answers = [answerTo(writer), answerTo(writer)]
  const write = await broker.write(0)
  expect(write.records).toHaveLength(2)
  write.succeed()
  expect(await Promise.all(answers)).toEqual(['stored', 'stored'])
})

test('a publish succeeds only after the write', async () => {
  const { broker, writer } = open()
  let isAnswered = false
  const answer = answerTo(writer).then((text) => {
    isAnswered = true
    return text
  })
  const write = await broker.write(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(isAnswered).toBe(false)
  write.succeed()
  expect(await answer).toBe('stored')
})

test('at the deadline a waiting record is "not stored", one in flight "unknown"; neither goes out again', async () => {
  const { broker, time, writer } = open()
  const inFlight = answerTo(writer)
  const write = await broker.write(0)
  const waiting = answerTo(writer)
  time.now = BATCH_LIMITS.deadlineMs
  expect(await waiting).toBe('not_stored')
  expect(await inFlight).toBe('unknown')
  write.fail('not_stored')
  const next = record()
  const nextAnswer = answerTo(writer, next)
  const nextWrite = await broker.write(1)
  expect(nextWrite.records).toEqual([next])
  nextWrite.succeed()
  expect(await nextAnswer).toBe('stored')
})

test.each([
  ['not_stored', 'not_stored'],
  ['unknown', 'unknown'],
] as const)(
  'a write that fails with %s is repeated with the same uuid until the deadline, then the error is %s',
  async (outcome, code) => {
    const { broker, time, writer } = open()
    const one = record()
    const answer = answerTo(writer, one)
    for (const number of [0, 1]) {
      const write = await broker.write(number)
      expect(write.records).toEqual([one])
      if (number === 1) time.now = BATCH_LIMITS.deadlineMs - 1
      write.fail(outcome)
    }
    // Between two writes, so a record that is "not stored" was not in flight.
    time.now = BATCH_LIMITS.deadlineMs
    expect(await answer).toBe(code)
  },
)

test('a record whose key was used with different content is rejected, and the others are stored', async () => {
  const { broker, writer } = open()
  const records = [record(), record(), record()]
  const answers = records.map((one) => answerTo(writer, one))
  const write = await broker.write(0)
  write.succeed(new Set(records.slice(1, 2)))
  expect(await Promise.all(answers)).toEqual(['stored', 'key_reused', 'stored'])
})

test('time spent elsewhere brings the deadline nearer', async () => {
  const { broker, time, writer } = open()
  const inFlight = answerTo(writer)
  const write = await broker.write(0)
  const late = writer.submit(record(), 4000).then(
    () => 'stored',
    (error: unknown) => (error instanceof PublishError ? error.kind : 'bug'),
  )
  time.now = BATCH_LIMITS.deadlineMs - 4000
  expect(await late).toBe('not_stored')
  write.succeed()
  expect(await inFlight).toBe('stored')
})

test('a write that succeeds on its second try is a success', async () => {
  const { broker, writer } = open()
  const answer = answerTo(writer)
  const first = await broker.write(0)
  first.fail('unknown')
  const second = await broker.write(1)
  second.succeed()
  expect(await answer).toBe('stored')
})

test('one record that the broker rejects does not fail the others', async () => {
  const { broker, writer } = open()
  const records = [record(), record(), record()]
  const answers = records.map((one) => answerTo(writer, one))
  const batch = await broker.write(0)
  batch.fail('rejected')
  for (const number of [1, 2, 3]) {
    const alone = await broker.write(number)
    expect(alone.records).toEqual([records[number - 1]])
    if (number === 2) alone.fail('rejected')
    else alone.succeed()
  }
  expect(await Promise.all(answers)).toEqual(['stored', 'rejected', 'stored'])
})

test('a stop waits until all records have an outcome', async () => {
  const { broker, writer } = open()
  const answer = answerTo(writer)
  const stopped = writer.stop().then(() => 'stopped')
  const write = await broker.write(0)
  write.succeed()
  expect(await Promise.race([answer, stopped])).toBe('stored')
  expect(await stopped).toBe('stopped')
})

/** Records of these chains, published together: what becomes of each. */
function submitTogether(writer: BatchWriter, chains: readonly (Chain | undefined)[]) {
  const records = chains.map((chain) => ({ ...record(), chain }))
  const outcomes = writer.submitAll(records).then((errors) => errors.map((error) => error?.kind ?? 'stored'))
  return { records, outcomes }
}

const [A, B]: readonly [Chain, Chain] = [{ seriesKey: 'a' }, { seriesKey: 'b' }]

test('records that are published together share a write, in order, and have one answer', async () => {
  const { broker, writer } = open()
  const { records, outcomes } = submitTogether(writer, [A, B, A, undefined])
  const write = await broker.write(0)
  expect(write.records).toEqual(records)
  write.succeed()
  expect(await outcomes).toEqual(['stored', 'stored', 'stored', 'stored'])
})

test('a reused key holds back the rest of its chain, on this side of a cut and on the other', async () => {
  const { broker, writer } = open({ batchRecords: 4 })
  const { records, outcomes } = submitTogether(writer, [A, B, A, A, B, A, undefined])
  const first = await broker.write(0)
  expect(first.records).toEqual(records.slice(0, 4))
  first.succeed(new Set(records.slice(2, 3)))
  const second = await broker.write(1)
  expect(second.records).toEqual([records[4], records[6]])
  second.succeed()
  expect(await outcomes).toEqual(['stored', 'stored', 'key_reused', 'follows', 'stored', 'follows', 'stored'])
})

test('a record that the broker rejects holds back the rest of its chain', async () => {
  const { broker, writer } = open()
  const { records, outcomes } = submitTogether(writer, [A, B, A, B, A])
  ;(await broker.write(0)).fail('rejected')
  for (const [number, place] of [0, 1, 2, 3].entries()) {
    const alone = await broker.write(number + 1)
    expect(alone.records).toEqual([records[place]])
    if (place === 2) alone.fail('rejected')
    else alone.succeed()
  }
  expect(await outcomes).toEqual(['stored', 'stored', 'rejected', 'stored', 'follows'])
  expect(broker.writes).toHaveLength(5)
})

test.each(['not_stored', 'unknown'] as const)(
  'records that are written one by one do not overtake one whose write fails with %s',
  async (outcome) => {
    const { broker, writer } = open()
    const { records, outcomes } = submitTogether(writer, [A, A, A])
    ;(await broker.write(0)).fail('rejected')
    ;(await broker.write(1)).succeed()
    const unclear = await broker.write(2)
    expect(unclear.records).toEqual([records[1]])
    unclear.fail(outcome)
    const again = await broker.write(3)
    expect(again.records).toEqual(records.slice(1))
    again.succeed()
    expect(await outcomes).toEqual(['stored', 'stored', 'stored'])
  },
)

test('at the deadline each record of a batch has its outcome, and no later one of a chain is stored', async () => {
  const { broker, time, writer } = open({ batchRecords: 2 })
  const { outcomes } = submitTogether(writer, [A, A, A, A])
  ;(await broker.write(0)).succeed()
  await broker.write(1)
  const { outcomes: waiting } = submitTogether(writer, [A, A])
  time.now = BATCH_LIMITS.deadlineMs
  expect(await outcomes).toEqual(['stored', 'stored', 'unknown', 'unknown'])
  expect(await waiting).toEqual(['not_stored', 'not_stored'])
})
