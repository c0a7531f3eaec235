import { afterEach, expect, test } from 'vitest'
import { BrokerError, type EventRecord } from '../broker/broker.ts'
import { AppError } from '../errors.ts'
import { createLog } from '../log.ts'
import { createGroupWriter, type GroupWriter } from './group.ts'
import { eventRecord } from './record.ts'
import { GROUP_LIMITS, type GroupLimits } from './waiting-room.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A broker whose every write is answered by hand: it keeps to the port, and its time is ours. */
function scriptedBroker() {
  const writes: { records: readonly EventRecord[]; succeed: (reused?: ReadonlySet<EventRecord>) => void; fail: (outcome: BrokerError['outcome']) => void }[] = []
  let onWrite: () => void = () => undefined
  return {
    writes,
    publish: (records: readonly EventRecord[]) => new Promise<ReadonlySet<EventRecord>>((resolve, reject) => {
      writes.push({ records, succeed: (reused = new Set()) => resolve(reused), fail: (outcome) => reject(new BrokerError(outcome, new Error('scripted'))) })
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

const record = () => eventRecord({ source: 's', type: 'jobs.A.B', timestamp: 't' }, { tenant: 'dev', user: 'u', service: 'jobs' }, 1, new Date(0))

function open(limits: Partial<GroupLimits> = {}) {
  const broker = scriptedBroker()
  const time = { now: 0 }
  const writer = createGroupWriter({ broker, log: createLog({ level: 'silent' }), limits: { ...GROUP_LIMITS, ...limits }, clock: () => time.now })
  writer.start()
  stops.push(async () => {
    time.now = Infinity // answers whoever still waits
    for (const write of broker.writes) write.succeed()
    await writer.stop()
  })
  return { broker, time, writer }
}

/** What a publisher is told: `stored`, or the code of the refusal. */
const answerTo = (writer: GroupWriter, one: EventRecord = record()) =>
  writer.submit(one, 'NTFAPI_EVENT_POST_ERR').then(() => 'stored', (error: unknown) => (error instanceof AppError ? error.code : 'bug'))

test('records that come during a write share the next one, in their order', async () => {
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

test('a publisher is told of its success only after the write', async () => {
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

test('at the deadline a record that waits behind a write is "not stored", the one in the write is "unknown", and neither is written again', async () => {
  const { broker, time, writer } = open()
  const inFlight = answerTo(writer)
  const write = await broker.write(0)
  const waiting = answerTo(writer)
  time.now = GROUP_LIMITS.deadlineMs
  expect(await waiting).toBe('NTFAPI_EVENT_POST_ERR')
  expect(await inFlight).toBe('NTFAPI_PUBLISH_UNKNOWN')
  write.fail('not_stored')
  const next = record()
  const nextAnswer = answerTo(writer, next)
  const nextWrite = await broker.write(1)
  expect(nextWrite.records).toEqual([next])
  nextWrite.succeed()
  expect(await nextAnswer).toBe('stored')
})

test.each([['not_stored', 'NTFAPI_EVENT_POST_ERR'], ['unknown', 'NTFAPI_PUBLISH_UNKNOWN']] as const)('a write that fails with %s is repeated with the same uuid until the deadline, then the answer is %s', async (outcome, code) => {
  const { broker, time, writer } = open()
  const one = record()
  const answer = answerTo(writer, one)
  for (const number of [0, 1]) {
    const write = await broker.write(number)
    expect(write.records).toEqual([one])
    if (number === 1) time.now = GROUP_LIMITS.deadlineMs - 1
    write.fail(outcome)
  }
  // Between two writes: whoever is told "not stored" then was not on its way.
  time.now = GROUP_LIMITS.deadlineMs
  expect(await answer).toBe(code)
})

test('a record whose key stands for another content is refused, and its neighbours are stored', async () => {
  const { broker, writer } = open()
  const records = [record(), record(), record()]
  const answers = records.map((one) => answerTo(writer, one))
  const write = await broker.write(0)
  write.succeed(new Set(records.slice(1, 2)))
  expect(await Promise.all(answers)).toEqual(['stored', 'NTFAPI_IDEMPOTENCY_KEY_REUSED', 'stored'])
})

test('time that was spent before brings the deadline nearer', async () => {
  const { broker, time, writer } = open()
  const inFlight = answerTo(writer)
  const write = await broker.write(0)
  const late = writer.submit(record(), 'NTFAPI_EVENT_POST_ERR', 4000).then(() => 'stored', (error: unknown) => (error instanceof AppError ? error.code : 'bug'))
  time.now = GROUP_LIMITS.deadlineMs - 4000
  expect(await late).toBe('NTFAPI_EVENT_POST_ERR')
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

test('one record that is refused does not fail its neighbours', async () => {
  const { broker, writer } = open()
  const records = [record(), record(), record()]
  const answers = records.map((one) => answerTo(writer, one))
  const group = await broker.write(0)
  group.fail('refused')
  for (const number of [1, 2, 3]) {
    const alone = await broker.write(number)
    expect(alone.records).toEqual([records[number - 1]])
    if (number === 2) alone.fail('refused')
    else alone.succeed()
  }
  expect(await Promise.all(answers)).toEqual(['stored', 'NTFAPI_INTERNAL', 'stored'])
})

test('a stop waits for the answers of all who wait', async () => {
  const { broker, writer } = open()
  const answer = answerTo(writer)
  const stopped = writer.stop().then(() => 'stopped')
  const write = await broker.write(0)
  write.succeed()
  expect(await Promise.race([answer, stopped])).toBe('stored')
  expect(await stopped).toBe('stopped')
})
