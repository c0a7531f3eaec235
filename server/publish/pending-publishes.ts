import { EventEmitter, once } from 'node:events'
import type { Chain, EventRecord } from '../broker/broker.ts'
import { deferred } from '../runtime/deferred.ts'
import { PublishError } from './publish-error.ts'

/** Limits of grouping. The deadline counts from the submit of a record. */
export interface BatchLimits {
  readonly batchRecords: number
  readonly batchBytes: number
  readonly pendingBytes: number
  readonly deadlineMs: number
}

/** A 503 must be sent within 5 s, so the deadline is a little earlier. */
export const BATCH_LIMITS: BatchLimits = {
  batchRecords: 500,
  batchBytes: 4 * 1024 * 1024,
  pendingBytes: 64 * 1024 * 1024,
  deadlineMs: 4000,
}

/** Bytes that may wait, of one queue or of several. */
export interface ByteBudget {
  fits(bytes: number): boolean
  /** Returns whether they fit. If so, they are taken. */
  take(bytes: number): boolean
  giveBack(bytes: number): void
}

export function createByteBudget(most: number): ByteBudget {
  let taken = 0
  const fits = (bytes: number) => taken + bytes <= most
  return {
    fits,
    take(bytes) {
      const isRoom = fits(bytes)
      if (isRoom) taken += bytes
      return isRoom
    },
    giveBack(bytes) {
      taken -= bytes
    },
  }
}

/** Memory of a record in addition to its body. */
const OVERHEAD_BYTES = 1024

type Settle = (error?: PublishError) => void

/** A record whose publisher waits for an answer. */
export interface PendingPublish {
  readonly record: EventRecord
  readonly deadline: number
  /** Answers the publisher: stored, or why not. */
  readonly settle: Settle
  /** The broker had it at least once, and did not say that it is not stored. */
  mayBeStored: boolean
  isInFlight: boolean
  isAnswered: boolean
}

/**
 * Records that wait for their write, first come first served, bounded in bytes. An entry whose publisher has its answer
 * never goes to the broker.
 */
export interface PendingPublishes {
  /** Rejects with a `PublishError`: at once (`busy`) when too many bytes wait, or with what `complete` is given. */
  enqueue(record: EventRecord, spentMs?: number): Promise<void>
  /**
   * The same for records that are published together: all of them wait, or none. Resolves when each has its outcome;
   * undefined stands for one that is stored.
   */
  enqueueAll(records: readonly EventRecord[], spentMs?: number): Promise<readonly (PublishError | undefined)[]>
  /** Returns the next group, marked as in flight. What follows a failed record of its chain is answered, not taken. */
  takeBatch(): PendingPublish[]
  /** Whether an earlier record of its chain has failed, so that it must not be written. */
  isHeldBack(entry: PendingPublish): boolean
  /**
   * Ends the write of this entry and answers its publisher, unless that has happened before. Without an error it is
   * stored, unless it is held back.
   */
  complete(entry: PendingPublish, error?: PublishError): void
  /** Puts entries back to the front, in order; those answered meanwhile are dropped. */
  requeue(entries: readonly PendingPublish[]): void
  /** Rejects all entries whose deadline has passed. */
  expireOverdue(): void
  /** Resolves when an entry is complete, whatever its outcome. */
  nextCompletion(): Promise<unknown>
  readonly size: number
}

export function createPendingPublishes(
  limits: BatchLimits,
  clock: () => number,
  budget: ByteBudget = createByteBudget(limits.pendingBytes),
): PendingPublishes {
  let waiting: PendingPublish[] = []
  const inFlight = new Set<PendingPublish>()
  const completions = new EventEmitter()
  /** Those of which a record has failed. */
  const brokenChains = new WeakSet<Chain>()

  const isHeldBack = ({ record: { chain } }: PendingPublish) => chain !== undefined && brokenChains.has(chain)

  function wait(record: EventRecord, deadline: number, settle: Settle): void {
    waiting.push({ record, deadline, settle, mayBeStored: false, isInFlight: false, isAnswered: false })
  }

  function complete(entry: PendingPublish, error?: PublishError): void {
    const outcome = error ?? (isHeldBack(entry) ? new PublishError('follows', entry.record.kind) : undefined)
    if (outcome && entry.record.chain) brokenChains.add(entry.record.chain)
    inFlight.delete(entry)
    budget.giveBack(memoryBytes([entry.record]))
    respond(entry, outcome)
    completions.emit('completion')
  }

  return {
    enqueue(record, spentMs = 0) {
      if (!budget.take(memoryBytes([record]))) return Promise.reject(new PublishError('busy', record.kind))
      return new Promise((resolve, reject) => {
        wait(record, clock() + limits.deadlineMs - spentMs, (error) => {
          if (error) reject(error)
          else resolve()
        })
      })
    },
    enqueueAll(records, spentMs = 0) {
      if (!budget.take(memoryBytes(records)))
        return Promise.resolve(records.map(({ kind }) => new PublishError('busy', kind)))
      // One for all: a part of a chain that times out earlier than the rest would be written out of turn.
      const deadline = clock() + limits.deadlineMs - spentMs
      const { all, settleOf } = collectOutcomes(records.length)
      records.forEach((record, index) => {
        wait(record, deadline, settleOf(index))
      })
      return all
    },
    takeBatch() {
      const { batch, heldBack, rest } = nextGroup(waiting, limits, isHeldBack)
      waiting = rest
      for (const entry of heldBack) complete(entry)
      for (const entry of batch) {
        entry.isInFlight = true
        inFlight.add(entry)
      }
      return batch
    },
    isHeldBack,
    complete,
    requeue(entries) {
      for (const entry of entries) {
        entry.isInFlight = false
        inFlight.delete(entry)
        if (entry.isAnswered) complete(entry)
      }
      waiting.unshift(...entries.filter((entry) => !entry.isAnswered))
    },
    expireOverdue() {
      const now = clock()
      const isLate = (entry: PendingPublish) => !entry.isAnswered && entry.deadline <= now
      for (const entry of inFlight) if (isLate(entry)) respond(entry, overdueError(entry))
      const late = waiting.filter(isLate)
      if (late.length === 0) return
      waiting = waiting.filter((entry) => !isLate(entry))
      for (const entry of late) complete(entry, overdueError(entry))
    },
    nextCompletion: () => once(completions, 'completion'),
    get size() {
      return waiting.length + inFlight.size
    },
  }
}

function respond(entry: PendingPublish, error: PublishError | undefined): void {
  if (entry.isAnswered) return
  entry.isAnswered = true
  entry.settle(error)
}

const overdueError = (entry: PendingPublish) =>
  new PublishError(entry.isInFlight || entry.mayBeStored ? 'unknown' : 'not_stored', entry.record.kind)

/** What records count in a `ByteBudget`. */
export const memoryBytes = (records: readonly EventRecord[]) =>
  records.reduce((sum, { bodyBytes }) => sum + bodyBytes + OVERHEAD_BYTES, 0)

/** Outcomes of records that are published together. Each is settled once. */
function collectOutcomes(count: number): {
  readonly all: Promise<readonly (PublishError | undefined)[]>
  readonly settleOf: (index: number) => Settle
} {
  const outcomes = Array.from({ length: count }, (): PublishError | undefined => undefined)
  const { promise: all, resolve } = deferred<readonly (PublishError | undefined)[]>()
  let open = count
  if (open === 0) resolve(outcomes)
  return {
    all,
    settleOf: (index) => (error) => {
      outcomes[index] = error
      open -= 1
      if (open === 0) resolve(outcomes)
    },
  }
}

/** Divides what waits: the next group has at least one record, then as many as the limits allow. */
function nextGroup(
  waiting: readonly PendingPublish[],
  { batchRecords, batchBytes }: BatchLimits,
  isHeldBack: (entry: PendingPublish) => boolean,
) {
  const batch: PendingPublish[] = []
  const heldBack: PendingPublish[] = []
  let bytes = 0
  for (const entry of waiting) {
    if (isHeldBack(entry)) heldBack.push(entry)
    else {
      bytes += entry.record.bodyBytes
      if (batch.length > 0 && (batch.length >= batchRecords || bytes > batchBytes)) break
      batch.push(entry)
    }
  }
  return { batch, heldBack, rest: waiting.slice(batch.length + heldBack.length) }
}
