import { LRUCache } from 'lru-cache'
import type { Db } from '../db/db.ts'
import { isLostOwnership, type OwnedPartitions } from '../db/fence.ts'
import { isRolledBack } from '../db/is-rolled-back.ts'
import type { FanOut } from '../lanes/fan-out.ts'
import type { Slice } from '../lanes/intake.ts'
import type { LaneKeeper } from '../lanes/lane-keeper.ts'
import type { EventText } from '../lanes/lane-model.ts'
import { readTexts } from '../lanes/looks.ts'
import type { Log } from '../log.ts'
import { createFailureLog } from '../runtime/failure-log.ts'
import { chooseSlices } from './choose-slices.ts'
import { isMovedCursor } from './dispatch-store.ts'
import { expandFanOuts } from './fan-out-store.ts'
import { createSliceSize } from './slice-size.ts'

/** Texts of events in memory for the next slices, of 1 MiB at most. Others are read when they are sent. */
const MAX_TEXTS = 16
/** Tenants and series whose last turn is remembered, before those that have no fan-out are forgotten. */
const MAX_SERVED = 10_000
/** How long a series waits whose statement has failed. */
const REST_AFTER_FAILURE_MS = 1000

export interface ExpanderDeps {
  /** The connection of dispatch. */
  readonly db: Db
  readonly lanes: Pick<LaneKeeper, 'openFanOuts' | 'hasRoomFor' | 'expanded' | 'uncertain'>
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
  const size = createSliceSize()
  const texts = new LRUCache<number, EventText>({ max: MAX_TEXTS })

  function candidates(): readonly FanOut[] {
    const all = lanes.openFanOuts()
    if (servedAt.size > MAX_SERVED) forgetOthers(all)
    if (all.length === 0) {
      suspects.clear()
      texts.clear()
      servedAt = new Map()
    }
    const now = clock()
    const isReady = ({ laneSeries }: FanOut) => (suspects.get(laneSeries) ?? -Infinity) <= now
    const suspect = all.find((one) => suspects.has(one.laneSeries) && isReady(one))
    return all.filter((one) => (suspect ? one.laneSeries === suspect.laneSeries : !suspects.has(one.laneSeries)))
  }

  /** A series has its turn until its fan-outs are over. */
  function forgetOthers(all: readonly FanOut[]): void {
    const names = new Set(all.flatMap(({ tenant, laneSeries }) => [tenant, laneSeries]))
    servedAt = new Map([...servedAt].filter(([name]) => names.has(name)))
  }

  function noteTurns(slices: readonly Slice[]): void {
    turns += 1
    for (const { fanOut } of slices) servedAt.set(fanOut.tenant, turns).set(fanOut.laneSeries, turns)
  }

  async function loadTexts(events: readonly FanOut[]): Promise<void> {
    const missing = events.filter(({ position }) => !texts.has(position))
    if (missing.length === 0) return
    for (const { position, uuid, body, seqOffset } of await readTexts(db, missing))
      texts.set(position, { uuid, body, seqOffset })
  }

  async function insert(owned: OwnedPartitions, slices: readonly Slice[]): Promise<void> {
    const events = slices.map(({ fanOut }) => fanOut)
    await loadTexts(events.slice(0, MAX_TEXTS))
    const notifications = slices.reduce((sum, slice) => sum + slice.size, 0)
    const areCold = !lanes.hasRoomFor(notifications)
    const sentAt = clock()
    const rows = await expandFanOuts(db, owned, slices, areCold).catch((error: unknown) => {
      decide(slices, error)
      throw error
    })
    for (const { laneSeries } of events) suspects.delete(laneSeries)
    size.learn({ notifications, tookMs: clock() - sentAt })
    await lanes.expanded({ rows, slices, textOf: (position) => texts.get(position), areCold, sentAt })
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
      const slices = chooseSlices(candidates(), { size: size.notifications, servedAt })
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
