import { EventEmitter, once } from 'node:events'
import type { Chain, EventRecord } from '../broker/broker.ts'
import { deferred } from '../runtime/deferred.ts'
import { createFairQueue, type FairQueue } from '../runtime/fair-queue.ts'
import { PublishError } from './publish-error.ts'

/** Limits of grouping. The deadline counts from the submit of a record. */
export interface BatchLimits {
  readonly batchRecords: number
  readonly batchBytes: number
  readonly deadlineMs: number
}

/** A 503 must be sent within 5 s, so the deadline is a little earlier. */
export const BATCH_LIMITS: BatchLimits = {
  batchRecords: 500,
  batchBytes: 4 * 1024 * 1024,
  deadlineMs: 4000,
}

/** What a record costs in time beside its body, in bytes: a small event takes about as long as 1 KiB of a large one. */
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
 * Records that wait for their write: tenants take turns, by bytes, and the records of a tenant keep their order, so
 * those of a series do. An entry whose publisher has its answer never goes to the broker. How many may wait is bounded
 * where requests come in (`api/http/body/door.ts`).
 */
export interface PendingPublishes {
  /** Rejects with the `PublishError` that `complete` is given, or at the deadline. */
  enqueue(record: EventRecord, spentMs?: number): Promise<void>
  /**
   * The same for records that are published together. Resolves when each has its outcome; undefined stands for one that
   * is stored.
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
  /** Puts entries back before the others of their tenants, in order; those answered meanwhile are dropped. */
  requeue(entries: readonly PendingPublish[]): void
  /** Rejects all entries whose deadline has passed. */
  expireOverdue(): void
  /** Resolves when an entry is complete, whatever its outcome. */
  nextCompletion(): Promise<unknown>
  readonly size: number
}

export function createPendingPublishes(limits: BatchLimits, clock: () => number): PendingPublishes {
  const waiting = createFairQueue<PendingPublish>({
    tenantOf: ({ record }) => record.tenant,
    costOf: ({ record }) => record.bodyBytes + OVERHEAD_BYTES,
  })
  const inFlight = new Set<PendingPublish>()
  const completions = new EventEmitter()
  /** Those of which a record has failed. */
  const brokenChains = new WeakSet<Chain>()

  const isHeldBack = ({ record: { chain } }: PendingPublish) => chain !== undefined && brokenChains.has(chain)

  function wait(record: EventRecord, deadline: number, settle: Settle): void {
    waiting.add({ record, deadline, settle, mayBeStored: false, isInFlight: false, isAnswered: false })
  }

  function complete(entry: PendingPublish, error?: PublishError): void {
    const outcome = error ?? (isHeldBack(entry) ? new PublishError('follows', entry.record.kind) : undefined)
    if (outcome && entry.record.chain) brokenChains.add(entry.record.chain)
    inFlight.delete(entry)
    respond(entry, outcome)
    completions.emit('completion')
  }

  return {
    enqueue(record, spentMs = 0) {
      return new Promise((resolve, reject) => {
        wait(record, clock() + limits.deadlineMs - spentMs, (error) => {
          if (error) reject(error)
          else resolve()
        })
      })
    },
    enqueueAll(records, spentMs = 0) {
      // One for all: a part of a chain that times out earlier than the rest would be written out of turn.
      const deadline = clock() + limits.deadlineMs - spentMs
      const { all, settleOf } = collectOutcomes(records.length)
      records.forEach((record, index) => {
        wait(record, deadline, settleOf(index))
      })
      return all
    },
    takeBatch() {
      const { batch, heldBack } = nextGroup(waiting, limits, isHeldBack)
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
      waiting.putBack(entries.filter((entry) => !entry.isAnswered))
    },
    expireOverdue() {
      const now = clock()
      const isLate = (entry: PendingPublish) => !entry.isAnswered && entry.deadline <= now
      for (const entry of inFlight) if (isLate(entry)) respond(entry, overdueError(entry))
      for (const entry of waiting.remove(isLate)) complete(entry, overdueError(entry))
    },
    nextCompletion: () => once(completions, 'completion'),
    get size() {
      return waiting.size + inFlight.size
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

/**
 * Takes the next group, record by record in their turns: at least one, then as many as the limits allow. A tenant whose
 * next record does not fit any more begins the group after this one.
 */
function nextGroup(
  waiting: FairQueue<PendingPublish>,
  { batchRecords, batchBytes }: BatchLimits,
  isHeldBack: (entry: PendingPublish) => boolean,
) {
  const batch: PendingPublish[] = []
  const heldBack: PendingPublish[] = []
  let bytes = 0
  const fits = (entry: PendingPublish) =>
    batch.length === 0 || isHeldBack(entry) || bytes + entry.record.bodyBytes <= batchBytes
  while (batch.length < batchRecords) {
    const entry = waiting.next(fits)
    if (entry === undefined) break
    if (isHeldBack(entry)) heldBack.push(entry)
    else {
      batch.push(entry)
      bytes += entry.record.bodyBytes
    }
  }
  return { batch, heldBack }
}
