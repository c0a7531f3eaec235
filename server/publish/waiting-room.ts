import { EventEmitter, once } from 'node:events'
import type { EventRecord } from '../broker/broker.ts'
import { AppError, type ErrorCode } from '../errors.ts'

/** Limits of grouping. The deadline counts from the moment a record is submitted. */
export interface GroupLimits {
  readonly groupRecords: number
  readonly groupBytes: number
  readonly waitingBytes: number
  readonly deadlineMs: number
}

/** 503 must be out within 5 s, so a record is answered a little earlier. */
export const GROUP_LIMITS: GroupLimits = { groupRecords: 500, groupBytes: 4 * 1024 * 1024, waitingBytes: 64 * 1024 * 1024, deadlineMs: 4500 }

/** What a record costs in memory beside its body. */
const OVERHEAD_BYTES = 1024

/** A record whose publisher waits for an answer. */
export interface Entry {
  readonly record: EventRecord
  /** What a publisher is told when the record was surely not stored. */
  readonly failure: ErrorCode
  readonly deadline: number
  readonly resolve: () => void
  readonly reject: (error: AppError) => void
  /** Handed to the broker at least once without a clear "not stored". */
  mayBeStored: boolean
  isOnItsWay: boolean
  isAnswered: boolean
}

/** Where records wait for their write, first come first served, bounded in bytes. An answered entry never leaves towards the broker. */
export interface WaitingRoom {
  /** Rejects with NTFAPI_BUSY when too much waits. */
  enter(record: EventRecord, failure: ErrorCode, spentMs?: number): Promise<void>
  /** The next group, marked as on its way. */
  takeGroup(): Entry[]
  /** The group's write is over for this entry: its publisher is told, unless it was answered before. */
  leave(entry: Entry, error?: AppError): void
  /** Back to the front, in order; the ones answered meanwhile leave. */
  putBack(entries: readonly Entry[]): void
  /** Answers everybody whose deadline has passed. */
  answerLate(): void
  /** Resolves when a record has left, whatever its answer. */
  departure(): Promise<unknown>
  readonly size: number
}

export function createWaitingRoom(limits: GroupLimits, clock: () => number): WaitingRoom {
  let waiting: Entry[] = []
  const onItsWay = new Set<Entry>()
  const departures = new EventEmitter()
  let heldBytes = 0

  function leave(entry: Entry, error?: AppError): void {
    onItsWay.delete(entry)
    heldBytes -= costOf(entry.record)
    answer(entry, error)
    departures.emit('departure')
  }

  return {
    enter(record, failure, spentMs = 0) {
      if (heldBytes + costOf(record) > limits.waitingBytes) return Promise.reject(new AppError('NTFAPI_BUSY', { retryAfterS: 1 }))
      heldBytes += costOf(record)
      return new Promise((resolve, reject) => {
        waiting.push({ record, failure, deadline: clock() + limits.deadlineMs - spentMs, resolve, reject, mayBeStored: false, isOnItsWay: false, isAnswered: false })
      })
    },
    takeGroup() {
      const group = waiting.splice(0, groupLength(waiting, limits))
      for (const entry of group) {
        entry.isOnItsWay = true
        onItsWay.add(entry)
      }
      return group
    },
    leave,
    putBack(entries) {
      for (const entry of entries) {
        entry.isOnItsWay = false
        onItsWay.delete(entry)
        if (entry.isAnswered) leave(entry)
      }
      waiting.unshift(...entries.filter((entry) => !entry.isAnswered))
    },
    answerLate() {
      const now = clock()
      const isLate = (entry: Entry) => !entry.isAnswered && entry.deadline <= now
      for (const entry of onItsWay) if (isLate(entry)) answer(entry, lateAnswer(entry))
      const late = waiting.filter(isLate)
      if (late.length === 0) return
      waiting = waiting.filter((entry) => !isLate(entry))
      for (const entry of late) leave(entry, lateAnswer(entry))
    },
    departure: () => once(departures, 'departure'),
    get size() {
      return waiting.length + onItsWay.size
    },
  }
}

function answer(entry: Entry, error: AppError | undefined): void {
  if (entry.isAnswered) return
  entry.isAnswered = true
  if (error) entry.reject(error)
  else entry.resolve()
}

const lateAnswer = (entry: Entry) => new AppError(entry.isOnItsWay || entry.mayBeStored ? 'NTFAPI_PUBLISH_UNKNOWN' : entry.failure, { retryAfterS: 1 })

const costOf = (record: EventRecord) => record.bodyBytes + OVERHEAD_BYTES

/** At least one record, then as many as the limits allow. */
function groupLength(waiting: readonly Entry[], { groupRecords, groupBytes }: GroupLimits): number {
  let bytes = 0
  let count = 0
  for (const entry of waiting) {
    bytes += entry.record.bodyBytes
    if (count > 0 && (count >= groupRecords || bytes > groupBytes)) break
    count += 1
  }
  return count
}
