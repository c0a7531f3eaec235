import type { Db } from '../db/db.ts'
import { isLostOwnership, type OwnedPartitions } from '../db/fence.ts'
import { isRolledBack } from '../db/is-rolled-back.ts'
import type { FanOut } from '../lanes/fan-out.ts'
import type { Slice } from '../lanes/intake.ts'
import type { LaneKeeper } from '../lanes/lane-keeper.ts'
import { readTexts } from '../lanes/looks.ts'
import type { Log } from '../log.ts'
import { createFailureLog } from '../runtime/failure-log.ts'
import { chooseSlices } from './choose-slices.ts'
import { isMovedCursor } from './dispatch-store.ts'
import { expandFanOuts } from './fan-out-store.ts'

/** Notifications of one statement. */
const SLICE = 500
/** Texts that are read for one statement, of 1 MiB at most. */
const MAX_TEXTS = 16
/** How long a series waits whose statement has failed. */
const REST_AFTER_FAILURE_MS = 1000

export interface ExpanderDeps {
  /** The connection of dispatch. */
  readonly db: Db
  readonly lanes: Pick<LaneKeeper, 'fanOuts' | 'hasRoomFor' | 'expanded' | 'uncertain'>
  readonly log: Log
  readonly clock: () => number
}

/**
 * Inserts the notifications of fan-outs, slice by slice. It runs in the loop of dispatch, between two batches: what a
 * slice says of the lanes is then as true as what a dispatch says (docs/core-rules.md, F1).
 */
export interface Expander {
  /** Inserts one slice. Returns whether there is more to do at once. Never rejects: what fails is tried again. */
  expand(owned: OwnedPartitions): Promise<boolean>
}

export function createExpander({ db, lanes, log, clock }: ExpanderDeps): Expander {
  const failures = createFailureLog(log, 'fan-out')
  /** Series whose statement has failed, with the monotonic ms from which on they are tried again, by themselves. */
  const suspects = new Map<string, number>()
  let servedAt = new Map<string, number>()
  let turns = 0

  function candidates(): readonly FanOut[] {
    const all = lanes.fanOuts()
    if (all.length === 0) {
      suspects.clear()
      servedAt = new Map()
    }
    const now = clock()
    const isReady = ({ laneSeries }: FanOut) => (suspects.get(laneSeries) ?? -Infinity) <= now
    const suspect = all.find((one) => suspects.has(one.laneSeries) && isReady(one))
    return all.filter((one) => (suspect ? one.laneSeries === suspect.laneSeries : !suspects.has(one.laneSeries)))
  }

  function noteTurns(slices: readonly Slice[]): void {
    turns += 1
    for (const { fanOut } of slices) servedAt.set(fanOut.tenant, turns).set(fanOut.laneSeries, turns)
  }

  async function insert(owned: OwnedPartitions, slices: readonly Slice[]): Promise<void> {
    const events = slices.map(({ fanOut }) => fanOut)
    const texts = await readTexts(db, events.slice(0, MAX_TEXTS))
    const areCold = !lanes.hasRoomFor(slices.reduce((sum, { size }) => sum + size, 0))
    const sentAt = clock()
    const rows = await expandFanOuts(db, owned, slices, areCold).catch((error: unknown) => {
      decide(slices, error)
      throw error
    })
    for (const { laneSeries } of events) suspects.delete(laneSeries)
    const byPosition = new Map(texts.map((text) => [text.position, text]))
    await lanes.expanded({ rows, slices, texts: byPosition, areCold, sentAt })
  }

  /** Decides what follows a failure, as after one of a dispatch. */
  function decide(slices: readonly Slice[], error: unknown): void {
    if (isLostOwnership(error)) lanes.uncertain([])
    else if (isMovedCursor(error) || !isRolledBack(error))
      lanes.uncertain(new Set(slices.map(({ fanOut }) => fanOut.partition)))
    else for (const { fanOut } of slices) suspects.set(fanOut.laneSeries, clock() + REST_AFTER_FAILURE_MS)
  }

  return {
    async expand(owned) {
      const slices = chooseSlices(candidates(), { size: SLICE, servedAt })
      if (slices.length === 0) return false
      noteTurns(slices)
      try {
        await insert(owned, slices)
        failures.markHealthy()
        return true
      } catch (error) {
        if (!isLostOwnership(error)) failures.failed(error)
        return false
      }
    },
  }
}
