import type { Database } from '../db/database.ts'
import { isLostOwnership, type OwnedPartitions, type Ownership } from '../db/fence.ts'
import { isRolledBack } from '../db/is-rolled-back.ts'
import type { LaneKeeper } from '../lanes/lane-keeper.ts'
import type { Log } from '../log.ts'
import { createLoop, type Idle, type WakeableWorker } from '../runtime/loop.ts'
import { MACHINE, type Machine } from '../runtime/machine.ts'
import { createBatchSize, type BatchSize } from './batch-size.ts'
import { DispatchFailed, dispatchBatch, type BatchRequest, type BatchResult } from './batch.ts'
import { isChangedCounter, isMovedCursor, isTooManyMatches } from './dispatch-store.ts'
import { createExpander } from './expander.ts'
import { createNews } from './news.ts'
import { NewerFormat } from '../broker/broker.ts'
import { oneByOne, type OneByOneParts } from './one-by-one.ts'
import { diagnose } from './poison.ts'

const REST_WITHOUT_LEASE_MS = 250

export interface DispatchDeps {
  readonly db: Database
  /** For a single event whose matching takes longer than the statement limit of `db`. */
  readonly slowDb: Database
  readonly lanes: LaneKeeper
  readonly ownership: Pick<Ownership, 'isLeaseHeld'> & {
    /** Gives up a partition: this version cannot read the records in it. */
    refuse(partition: number): void
  }
  /** An event that removes subscriptions was dispatched. */
  readonly onRemovals: () => void
  readonly log: Log
  readonly machine?: Machine | undefined
}

export interface Dispatch extends WakeableWorker {
  /** Records have come into these partitions, or perhaps into any. */
  news(partitions?: Iterable<number>): void
}

/**
 * Takes records of the owned partitions, batch by batch, and turns them into notifications. Slices of fan-outs, and
 * rows of lanes, come and go in the same loop, between two batches: so the order of the answers is the order of the
 * commits (docs/core-rules.md, F1).
 */
export function createDispatch(deps: DispatchDeps): Dispatch {
  const { db, slowDb, lanes, ownership, onRemovals, log, machine = MACHINE } = deps
  const size = createBatchSize()
  const batchDeps = { watermarkOf: lanes.watermarkOf, fanOuts: lanes.fanOuts, clock: machine.now }
  const expander = createExpander({ db, lanes, log, clock: machine.now })
  const news = createNews(machine.now)

  async function tick(): Promise<number | Idle> {
    if (!ownership.isLeaseHeld()) return { restMs: REST_WITHOUT_LEASE_MS }
    const hasMore = await lanes.keep()
    const hasFanOuts = await expander.expand(lanes.open())
    const owned = lanes.open()
    const { partitions, isPoll } = news.take(owned.epochs)
    const records = partitions.length === 0 ? 0 : await takeFrom(owned, partitions)
    if (isPoll) news.polled(records > 0)
    return hasMore || hasFanOuts ? 0 : news.restMs()
  }

  async function takeFrom(owned: OwnedPartitions, partitions: readonly number[]): Promise<number> {
    const limitPerPartition = Math.ceil(size.records / partitions.length)
    try {
      return await attempt({ owned, partitions, limitPerPartition })
    } catch (error) {
      news.add(partitions)
      throw error
    }
  }

  /** Returns the number of records that were dispatched or parked. Rejects when the same must be tried again. */
  async function attempt(request: BatchRequest): Promise<number> {
    try {
      const result = await dispatchBatch({ ...batchDeps, db }, request)
      size.learn({ records: result.records, matches: result.matched.rows.length })
      return await report(result)
    } catch (error) {
      if (error instanceof NewerFormat) {
        ownership.refuse(error.partition)
        return 0
      }
      const cause = error instanceof DispatchFailed ? error.cause : error
      switch (diagnose(cause)) {
        case 'content':
          news.add(request.partitions)
          return oneByOne(parts, request)
        case 'too_large':
          return afterTooMuch(request, cause)
        case 'passing':
          return afterFailure(error)
      }
    }
  }

  /**
   * Decides what follows a failure that will pass. When it is not known what a statement has done, or a lost one has
   * moved a cursor, memory is no evidence: the partitions are read again. Rejects with what is to be logged.
   */
  function afterFailure(error: unknown): number {
    if (!(error instanceof DispatchFailed)) throw error
    const { partitions, cause } = error
    const isOurs = !isLostOwnership(cause)
    if (!isOurs) lanes.uncertain([])
    else if (isMovedCursor(cause) || !isRolledBack(cause)) lanes.uncertain(partitions)
    news.add(partitions)
    if (!isOurs || isMovedCursor(cause) || isChangedCounter(cause)) return 0
    throw cause
  }

  async function report({ records, parked, matched, hasRemovals, unfinished }: BatchResult): Promise<number> {
    news.add(unfinished)
    if (parked > 0) log.error({ parked }, 'records parked as dead letters')
    if (records > 0) await lanes.dispatched(matched)
    if (hasRemovals) onRemovals()
    return records
  }

  function afterTooMuch(request: BatchRequest, cause: unknown): Promise<number> {
    if (!isTooManyMatches(cause)) log.warn({ records: size.records }, 'dispatch took too long, smaller batches')
    news.add(request.partitions)
    return shrinks(size, request) ? Promise.resolve(1) : oneByOne(parts, request)
  }

  const parts: OneByOneParts = { ...batchDeps, db, slowDb, report, afterFailure }
  const loop = createLoop({ name: 'dispatch', log, tick, machine })

  return {
    ...loop,
    news(partitions) {
      if (partitions) news.add(partitions)
      else news.addAll()
      loop.wake()
    },
  }
}

const shrinks = (size: BatchSize, { limitPerPartition, partitions }: BatchRequest) =>
  limitPerPartition > 1 && size.shrink(limitPerPartition * partitions.length)
