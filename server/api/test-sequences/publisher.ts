import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import type { Publish } from '../../publish/publish.ts'
import { createLoop, type Worker } from '../../runtime/loop.ts'
import { nextEvent, nextEventContext, seriesContext, seriesOf, type Sequence } from './sequence.ts'
import { endAbandoned, isGoingOn, markPublished, PER_TURN, readWaiting, retire } from './store.ts'

/** Between two events of a sequence (Tapis Notifications 1.6.2, beginTestSequence). */
export const INTERVAL_MS = 3000
const IDLE_MS = 1000
const TIDY_EVERY_MS = 60_000

export interface SequencePublisherParts {
  readonly db: Database
  readonly publish: Publish
  /** The database's clock. */
  readonly now: () => Date
  readonly log: Log
  readonly intervalMs?: number | undefined
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/** Publishes the events of test sequences, each in its time. Runs in every process with an api: after a crash another one goes on. */
export interface SequencePublisher extends Worker {
  /** Rejects with an `AppError` (503) when the event was not stored, or when nobody knows. */
  publishNext(sequence: Sequence): Promise<void>
}

/**
 * Several processes may publish the same event at the same moment: its uuid follows from the sequence and its number, so
 * it is stored once, and the row moves on once. Nothing is locked while something is published.
 */
export function createSequencePublisher({ db, publish, now, log, intervalMs = INTERVAL_MS, clock = () => performance.now() }: SequencePublisherParts): SequencePublisher {
  const loop = createLoop({ name: 'test-sequences', log, turn })
  let tidyAt = clock() + TIDY_EVERY_MS

  async function turn(): Promise<number> {
    const waiting = await readWaiting(db)
    const due = waiting.filter(({ inMs }) => inMs <= 0)
    await publishAll(due.filter(({ isLiving }) => isLiving))
    for (const sequence of due.filter(({ isLiving }) => !isLiving)) await giveUp(sequence)
    await tidyIfDue()
    if (due.length === PER_TURN) return 0
    const next = waiting.find(({ inMs }) => inMs > 0)?.inMs ?? IDLE_MS
    return Math.max(1, Math.min(IDLE_MS, intervalMs, next))
  }

  /** Last, and due until it has worked: a database that only reads fails each turn by it, and holds up no event. */
  async function tidyIfDue(): Promise<void> {
    if (clock() < tidyAt) return
    await endAbandoned(db)
    tidyAt = clock() + TIDY_EVERY_MS
  }

  /** One that fails is due still. The rows move on one after the other, for the connections are the api's. */
  async function publishAll(due: readonly Sequence[]): Promise<void> {
    const stored = due.map(async (sequence) => {
      await publish.event(nextEvent(sequence, now()), nextEventContext(sequence))
      return sequence
    })
    for (const result of await Promise.allSettled(stored)) if (result.status === 'fulfilled') await moveOn(result.value)
    await Promise.all(stored)
  }

  async function publishNext(sequence: Sequence): Promise<void> {
    await publish.event(nextEvent(sequence, now()), nextEventContext(sequence))
    await moveOn(sequence)
  }

  async function moveOn(sequence: Sequence): Promise<void> {
    if (await markPublished(db, sequence, intervalMs)) return
    // Deleted meanwhile: this event may have come after the end of the series, and begun it anew.
    if (!(await isGoingOn(db, sequence))) await publish.endSeries(seriesOf(sequence), seriesContext(sequence))
  }

  /** The subscription ended by itself or by another door: nobody would get the rest. */
  async function giveUp(sequence: Sequence): Promise<void> {
    await publish.endSeries(seriesOf(sequence), seriesContext(sequence))
    await retire(db, sequence)
  }

  return { publishNext, start: loop.start, stop: loop.stop }
}
