import { expect, test } from 'vitest'
import type { EventRecord } from '../broker/broker.ts'
import { AppError } from '../errors.ts'
import { eventRecord } from './record.ts'
import { createWaitingRoom, type Entry, type GroupLimits } from './waiting-room.ts'

const LIMITS: GroupLimits = { groupRecords: 3, groupBytes: 1000, waitingBytes: 10_000, deadlineMs: 100 }
const OVERHEAD = 1024

/** `bodyBytes` stands for a body of that size. */
const record = (bodyBytes = 1): EventRecord =>
  ({ ...eventRecord({ source: 's', type: 'jobs.A.B', timestamp: 't' }, { tenant: 'dev', user: 'u', service: 'jobs' }, 1, new Date(0)), bodyBytes })

function openRoom(limits: Partial<GroupLimits> = {}) {
  const time = { now: 0 }
  const room = createWaitingRoom({ ...LIMITS, ...limits }, () => time.now)
  const enter = (one: EventRecord = record()) => {
    const answer = { text: 'none' }
    room.enter(one, 'NTFAPI_EVENT_POST_ERR').then(() => (answer.text = 'stored'), (error: unknown) => (answer.text = error instanceof AppError ? error.code : 'bug'))
    return answer
  }
  return { room, time, enter }
}

/** Answers are given in a microtask. */
const settle = () => new Promise((resolve) => setImmediate(resolve))
const sizes = (group: readonly Entry[]) => group.map((entry) => entry.record.bodyBytes)

test('a group takes what waits, first come first served, up to its count and its bytes', () => {
  const { room, enter } = openRoom()
  for (const bytes of [400, 500, 200, 1, 2, 3]) enter(record(bytes))
  expect(sizes(room.takeGroup())).toEqual([400, 500])
  expect(sizes(room.takeGroup())).toEqual([200, 1, 2])
  expect(sizes(room.takeGroup())).toEqual([3])
  expect(room.takeGroup()).toEqual([])
})

test('a record larger than a group goes alone', () => {
  const { room, enter } = openRoom()
  for (const bytes of [5000, 1]) enter(record(bytes))
  expect(sizes(room.takeGroup())).toEqual([5000])
})

test('too many bytes are refused at once with NTFAPI_BUSY and Retry-After, and fit again when others have left', async () => {
  const { room, enter } = openRoom({ waitingBytes: 2 * (100 + OVERHEAD) })
  for (const first of [enter(record(100)), enter(record(100))]) expect(first.text).toBe('none')
  await expect(room.enter(record(0), 'NTFAPI_EVENT_POST_ERR')).rejects.toMatchObject({ code: 'NTFAPI_BUSY', httpStatus: 503, retryAfterS: 1 })
  const [left] = room.takeGroup()
  if (left) room.leave(left)
  const again = enter(record(100))
  await settle()
  expect(again.text).toBe('none')
})

test('bytes on their way count as held', async () => {
  const { room, enter } = openRoom({ waitingBytes: 100 + OVERHEAD })
  enter(record(100))
  room.takeGroup()
  const late = enter(record(100))
  await settle()
  expect(late.text).toBe('NTFAPI_BUSY')
})

test('a record that was never handed over is answered "not stored" at its deadline, and leaves', async () => {
  const { room, time, enter } = openRoom()
  const answer = enter()
  time.now = 99
  room.answerLate()
  await settle()
  expect(answer.text).toBe('none')
  time.now = 100
  room.answerLate()
  await settle()
  expect(answer.text).toBe('NTFAPI_EVENT_POST_ERR')
  expect(room.takeGroup()).toEqual([])
  expect(room.size).toBe(0)
})

test('a record on its way is answered "unknown" at its deadline, and is not written again', async () => {
  const { room, time, enter } = openRoom()
  const answer = enter()
  const group = room.takeGroup()
  time.now = 100
  room.answerLate()
  await settle()
  expect(answer.text).toBe('NTFAPI_PUBLISH_UNKNOWN')
  room.putBack(group)
  expect(room.takeGroup()).toEqual([])
  expect(room.size).toBe(0)
})

test('a record that came back after an unclear write is answered "unknown", one after a clear failure "not stored"', async () => {
  const { room, time, enter } = openRoom()
  const answers = [enter(), enter()]
  const group = room.takeGroup()
  const [unclear] = group
  if (unclear) unclear.mayBeStored = true
  room.putBack(group)
  time.now = 100
  room.answerLate()
  await settle()
  expect(answers.map((answer) => answer.text)).toEqual(['NTFAPI_PUBLISH_UNKNOWN', 'NTFAPI_EVENT_POST_ERR'])
})

test('records that were put back go before later ones, in their order', () => {
  const { room, enter } = openRoom()
  for (const bytes of [1, 2]) enter(record(bytes))
  const group = room.takeGroup()
  enter(record(3))
  room.putBack(group)
  expect(sizes(room.takeGroup())).toEqual([1, 2, 3])
})

test('a record is answered once, by what comes first', async () => {
  const { room, time, enter } = openRoom()
  const answer = enter()
  const [entry] = room.takeGroup()
  if (entry) room.leave(entry)
  time.now = 1000
  room.answerLate()
  await settle()
  expect(answer.text).toBe('stored')
})
