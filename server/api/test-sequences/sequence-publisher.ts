import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import type { Publish } from '../../publish/publish.ts'
import { createLoop, type Worker } from '../../runtime/loop.ts'
import { nextEvent, nextEventContext, seriesContext, seriesOf, type Sequence } from './sequence.ts'
import { endAbandoned, isRunning, markPublished, MAX_PER_POLL, readWaiting, retire } from './test-sequence-store.ts'

/** Between two events of a sequence (Tapis Notifications 1.6.2, beginTestSequence). */
export const INTERVAL_MS = 3000
const IDLE_MS = 1000
const TIDY_EVERY_MS = 60_000

export interface SequencePublisherDeps {
  readonly db: Database
  readonly publish: Pick<Publish, 'event' | 'endSeries'>
  /** The database's clock. */
  readonly now: () => Date
  readonly log: Log
  readonly intervalMs?: number | undefined
  /** Monotonic clock in ms. */
  readonly clock?: () => number
}

/**
 * Publishes the events of test sequences when they are due. Runs in every process with an api: after a crash another
 * process continues.
 */
export interface SequencePublisher extends Worker {
  /** Rejects with an error (503) when the event was not stored, or when that is unknown. */
  publishNext(sequence: Sequence): Promise<void>
}

/**
 * Several processes may publish the same event at the same moment: its uuid is derived from the sequence and its
 * number, so it is stored once, and the row advances once. Nothing is locked during a publish.
 */
export function createSequencePublisher({
  db,
  publish,
  now,
  log,
  intervalMs = INTERVAL_MS,
  clock = () => performance.now(),
}: SequencePublisherDeps): SequencePublisher {
  const loop = createLoop({ name: 'test-sequences', log, tick: turn })
  let tidyAt = clock() + TIDY_EVERY_MS

  async function turn(): Promise<number> {
    const waiting = await readWaiting(db)
    const due = waiting.filter(({ inMs }) => inMs <= 0)
    await publishAll(due.filter(({ isActive }) => isActive))
    for (const sequence of due.filter(({ isActive }) => !isActive)) await giveUp(sequence)
    await tidyIfDue()
    if (due.length === MAX_PER_POLL) return 0
    const next = waiting.find(({ inMs }) => inMs > 0)?.inMs ?? IDLE_MS
    return Math.max(1, Math.min(IDLE_MS, intervalMs, next))
  }

  /**
   * Runs last, and again until it has succeeded: on a read-only database it fails each tick without holding up an
   * event.
   */
  async function tidyIfDue(): Promise<void> {
    if (clock() < tidyAt) return
    await endAbandoned(db)
    tidyAt = clock() + TIDY_EVERY_MS
  }

  /**
   * A publish that fails stays due. The rows advance one after the other, because the connections are those of the api.
   */
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
    // Deleted meanwhile: this event may have come after the end of the series, and started a new one.
    if (!(await isRunning(db, sequence))) await publish.endSeries(seriesOf(sequence), seriesContext(sequence))
  }

  /** Retires a sequence whose subscription has expired or was deleted: nobody would receive the rest. */
  async function giveUp(sequence: Sequence): Promise<void> {
    await publish.endSeries(seriesOf(sequence), seriesContext(sequence))
    await retire(db, sequence)
  }

  return { publishNext, start: loop.start, stop: loop.stop }
}
