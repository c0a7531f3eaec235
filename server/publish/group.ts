import { setTimeout as delay } from 'node:timers/promises'
import { BrokerError, type Broker, type EventRecord } from '../broker/broker.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { createFailureLog } from '../runtime/failure-log.ts'
import { createLogLimit } from '../runtime/log-limit.ts'
import { createLoop, type Worker } from '../runtime/loop.ts'
import { createWaitingRoom, GROUP_LIMITS, type Entry, type GroupLimits, type WaitingRoom } from './waiting-room.ts'

const PAUSE_AFTER_FAILURE_MS = 100
const DEADLINE_CHECK_MS = 50
const IDLE_MS = 1000

export interface GroupWriterParts {
  readonly broker: Pick<Broker, 'publish'>
  /** What `broker` is, for the log. */
  readonly target?: string
  readonly log: Log
  readonly limits?: GroupLimits
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

export interface GroupWriter extends Worker {
  /**
   * Resolves when the record is durable. Rejects with an `AppError` (503) at the deadline, which is so much nearer as was spent before,
   * or at once when too much waits, or (422) when its key stands for another content.
   */
  submit(record: EventRecord, failure: ErrorCode, spentMs?: number): Promise<void>
}

/**
 * Records that wait at the same moment share one write; one write is on its way at a time. A record that has been
 * answered is never written afterwards. `stop` waits until everybody has an answer.
 */
export function createGroupWriter({ broker, target = 'broker', log, limits = GROUP_LIMITS, clock = () => performance.now() }: GroupWriterParts): GroupWriter {
  const room = createWaitingRoom(limits, clock)
  const writer = createLoop({ name: 'publish', log, turn: writeNext })
  const deadlines = createLoop({ name: 'publish-deadlines', log, turn: () => answerLate(room) })
  const failures = createFailureLog(log, target)
  const limit = createLogLimit() // of records that the broker refuses for good
  let isWriting = false

  async function writeNext(): Promise<number> {
    const group = room.takeGroup()
    isWriting = group.length > 0
    if (!isWriting) return IDLE_MS
    await writeGroup(group)
    isWriting = false
    return 0
  }

  async function writeGroup(group: readonly Entry[]): Promise<void> {
    try {
      const reused = await broker.publish(group.map((entry) => entry.record))
      failures.worked()
      for (const entry of group) room.leave(entry, reused.has(entry.record) ? new AppError('NTFAPI_IDEMPOTENCY_KEY_REUSED') : undefined)
    } catch (error) {
      const outcome = error instanceof BrokerError ? error.outcome : 'unknown'
      if (outcome === 'refused') await writeOneByOne(group, error)
      else await tryAgainLater(group, outcome, error)
    }
  }

  async function tryAgainLater(group: readonly Entry[], outcome: 'not_stored' | 'unknown', error: unknown): Promise<void> {
    failures.failed(error)
    for (const entry of group) entry.mayBeStored ||= outcome === 'unknown'
    room.putBack(group)
    await delay(PAUSE_AFTER_FAILURE_MS)
  }

  function refuse(entry: Entry, error: unknown): void {
    limit(String(error), (suppressed) => log.error({ err: error, event: entry.record.uuid, suppressed }, 'a record was refused by the broker'))
    room.leave(entry, new AppError('NTFAPI_INTERNAL', { cause: error }))
  }

  /** One record must not fail its neighbours. */
  async function writeOneByOne(group: readonly Entry[], error: unknown): Promise<void> {
    for (const entry of group) {
      if (group.length === 1) refuse(entry, error)
      else if (entry.isAnswered) room.leave(entry)
      else await writeGroup([entry])
    }
  }

  return {
    submit(record, failure, spentMs = 0) {
      if (!isWriting) setImmediate(writer.wake)
      if (room.size === 0) deadlines.wake()
      return room.enter(record, failure, spentMs)
    },
    start() {
      for (const loop of [writer, deadlines]) loop.start()
    },
    async stop() {
      while (room.size > 0) await room.departure()
      await writer.stop()
      await deadlines.stop()
    },
  }
}

function answerLate(room: WaitingRoom): Promise<number> {
  room.answerLate()
  return Promise.resolve(room.size > 0 ? DEADLINE_CHECK_MS : IDLE_MS)
}
