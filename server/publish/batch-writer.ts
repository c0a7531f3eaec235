import { BrokerError, type Broker, type EventRecord } from '../broker/broker.ts'
import type { Log } from '../log.ts'
import { createFailureLog } from '../runtime/failure-log.ts'
import { createLogRateLimit } from '../runtime/log-rate-limit.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { MACHINE, type Machine } from '../runtime/machine.ts'
import {
  createPendingPublishes,
  BATCH_LIMITS,
  type PendingPublish,
  type BatchLimits,
  type PendingPublishes,
} from './pending-publishes.ts'
import { PublishError, type PublishErrorKind } from './publish-error.ts'

const PAUSE_AFTER_FAILURE_MS = 100
const DEADLINE_CHECK_MS = 50
const IDLE_MS = 1000

export interface BatchWriterDeps {
  readonly broker: Pick<Broker, 'publish'>
  /** Names `broker` in the log. */
  readonly target?: string
  readonly log: Log
  readonly limits?: BatchLimits
  readonly machine?: Machine | undefined
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

export interface BatchWriter extends Worker {
  /**
   * Resolves when the record is durable. Rejects with a `PublishError`, at the latest at the deadline: `deadlineMs`
   * from now, less `spentMs`, the time that the record has waited elsewhere.
   */
  submit(record: EventRecord, spentMs?: number): Promise<void>
  /**
   * The same for records that are published together, in their order. Resolves when each has its outcome; undefined
   * stands for one that is durable. What follows a failed record of its chain fails too.
   */
  submitAll(records: readonly EventRecord[], spentMs?: number): Promise<readonly (PublishError | undefined)[]>
}

/** How a write failed that may be repeated. */
interface WriteFailure {
  readonly outcome: BrokerError['outcome']
  readonly error: unknown
}

/**
 * Group commit: records that wait at the same time share one write, and one write is in flight at a time. Where more
 * wait than one write takes, tenants take turns. A record whose publisher has its answer is never written afterwards.
 * `stop` waits until all have theirs.
 */
export function createBatchWriter({
  broker,
  target = 'broker',
  log,
  limits = BATCH_LIMITS,
  machine = MACHINE,
  clock = machine.now,
}: BatchWriterDeps): BatchWriter {
  const pending = createPendingPublishes(limits, clock)
  const writer = createLoop({ name: 'publish', log, tick: writeNext, machine })
  const deadlines = createLoop({ name: 'publish-deadlines', log, tick: () => expireOverdue(pending), machine })
  const failures = createFailureLog(log, target)
  const logRejection = createRejectionLog(log)
  let isWriting = false

  async function writeNext(): Promise<number> {
    const batch = pending.takeBatch()
    isWriting = batch.length > 0
    if (!isWriting) return IDLE_MS
    await writeBatch(batch)
    isWriting = false
    return 0
  }

  async function writeBatch(batch: readonly PendingPublish[]): Promise<void> {
    const failure = await write(batch)
    if (failure?.outcome === 'rejected') await writeOneByOne(batch, failure)
    else if (failure) await retryLater(batch, failure.error)
  }

  /** Writes records together. Returns how that failed; undefined when each has its outcome. */
  async function write(batch: readonly PendingPublish[]): Promise<WriteFailure | undefined> {
    try {
      const reused = await broker.publish(batch.map((entry) => entry.record))
      failures.markHealthy()
      for (const entry of batch)
        pending.complete(entry, reused.has(entry.record) ? failureOf(entry, 'key_reused') : undefined)
      return undefined
    } catch (error) {
      const outcome = error instanceof BrokerError ? error.outcome : 'unknown'
      for (const entry of batch) entry.mayBeStored ||= outcome === 'unknown'
      return { outcome, error }
    }
  }

  async function retryLater(batch: readonly PendingPublish[], error: unknown): Promise<void> {
    failures.failed(error)
    pending.requeue(batch)
    await new Promise<void>((resolve) => machine.startTimer(PAUSE_AFTER_FAILURE_MS, resolve))
  }

  /** Keeps one bad record from failing the others. One that has to be repeated is not overtaken. */
  async function writeOneByOne(batch: readonly PendingPublish[], rejection: WriteFailure): Promise<void> {
    for (const [index, entry] of batch.entries()) {
      const isMoot = batch.length > 1 && (entry.isAnswered || pending.isHeldBack(entry))
      if (isMoot) pending.complete(entry)
      const failure = isMoot ? undefined : batch.length === 1 ? rejection : await write([entry])
      if (failure === undefined) continue
      if (failure.outcome !== 'rejected') return retryLater(batch.slice(index), failure.error)
      logRejection(entry, failure.error)
      pending.complete(entry, failureOf(entry, 'rejected', failure.error))
    }
  }

  function wake(): void {
    if (!isWriting) machine.soon(writer.wake)
    if (pending.size === 0) deadlines.wake()
  }

  return {
    submit(record, spentMs = 0) {
      wake()
      return pending.enqueue(record, spentMs)
    },
    submitAll(records, spentMs = 0) {
      wake()
      return pending.enqueueAll(records, spentMs)
    },
    start() {
      for (const loop of [writer, deadlines]) loop.start()
    },
    async stop() {
      while (pending.size > 0) await pending.nextCompletion()
      await writer.stop()
      await deadlines.stop()
    },
  }
}

/** Logs records that the broker rejects. */
function createRejectionLog(log: Log): (entry: PendingPublish, error: unknown) => void {
  const limit = createLogRateLimit()
  return ({ record }, error) => {
    limit(String(error), (suppressed) =>
      log.error({ err: error, event: record.uuid, suppressed }, 'a record was rejected by the broker'),
    )
  }
}

const failureOf = ({ record }: PendingPublish, kind: PublishErrorKind, cause?: unknown) =>
  new PublishError(kind, record.kind, cause)

function expireOverdue(pending: PendingPublishes): Promise<number> {
  pending.expireOverdue()
  return Promise.resolve(pending.size > 0 ? DEADLINE_CHECK_MS : IDLE_MS)
}
