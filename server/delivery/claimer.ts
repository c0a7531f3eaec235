import type { Database } from '../db/database.ts'
import type { OwnedPartitions } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createFailureLog } from '../runtime/failure-log.ts'
import type { Share } from './allot.ts'
import type { BusyLanes } from './busy-lanes.ts'
import type { Hints } from './hints.ts'
import { createIdleLanes, type IdleLane } from './idle-lanes.ts'
import { pairKey, type DeliveryMethod, type Pair } from '../lanes/lane.ts'
import { readWaiting, scanPairs } from '../lanes/due-lanes.ts'
import { laneKeyText } from '../lanes/lane-model.ts'
import type { LaneMemory } from '../lanes/lane-memory.ts'
import type { PlacedLane } from '../lanes/placed-lane.ts'
import type { TargetCache } from '../lanes/target-cache.ts'
import { groupBy } from '../runtime/group-by.ts'

/** Notifications that are read of a cold lane at once. */
const ROWS_PER_LANE = 16
/** When to retry a pair that is due but yields nothing (its lanes belong to another process by now). */
const RETRY_MS = 250
const SCAN_INTERVAL_MS = 5000
const SCAN_AFTER_FAILURE_MS = 1000

export interface ClaimerDeps {
  /** Lanes of other methods are ignored. */
  readonly method: DeliveryMethod
  readonly db: Database
  readonly hints: Hints
  readonly busy: BusyLanes
  readonly memory: LaneMemory
  readonly targets: TargetCache
  /** Returns the partitions whose lanes may be read. */
  readonly openPartitions: () => OwnedPartitions
  /** See `AskedPair`; by address key. */
  readonly wokenAt: (addressKey: string) => Date | null
  readonly clock: () => number
  readonly log: Log
}

/** Brings cold lanes that are due into memory, and updates the hints with what it found. */
export interface Claimer {
  /** Rejects with the database's error. */
  claim(shares: readonly Share[]): Promise<void>
  /** Scans all lanes of the owned partitions for pairs if a scan is due. Never rejects. */
  scanIfDue(): Promise<'not_due' | 'done' | 'failed'>
  /** Makes the next scan due at once. */
  rescan(): void
  /** Monotonic ms of the next scan. */
  readonly nextScanAt: number
}

export function createClaimer(deps: ClaimerDeps): Claimer {
  const { method, db, hints, busy, memory, targets, openPartitions, wokenAt, clock, log } = deps
  const failures = createFailureLog(log, `scan ${method}`)
  let nextScanAt = -Infinity
  const isBusy = (lane: PlacedLane) => busy.has(lane) || memory.has(lane)
  const idleLanes = createIdleLanes(db, method, { has: isBusy, countOf: busy.countOf }, wokenAt)
  const scanSoon = () => void (nextScanAt = -Infinity)

  /** Pairs that gave fewer lanes than their limit have no more for now; those with retries are due again later. */
  async function retireExhausted(shares: readonly Share[], lanes: readonly Pair[]): Promise<void> {
    const given = countByPair(lanes)
    const exhausted = shares
      .filter(({ pair, limit }) => (given.get(pairKey(pair)) ?? 0) < limit)
      .map(({ pair }) => pair)
    const nextDue = await idleLanes.nextDue(exhausted.filter((pair) => pair.hasLater))
    for (const pair of exhausted) {
      const inMs = nextDue.get(pairKey(pair))
      const minMs = given.has(pairKey(pair)) ? 0 : RETRY_MS
      hints.exhausted(pair, inMs === undefined ? undefined : clock() + Math.max(minMs, inMs))
    }
  }

  /**
   * Reads what waits in these lanes. They are busy from before the read is sent, so what it finds is not older than
   * what memory knows of them.
   */
  async function look(owned: OwnedPartitions, lanes: readonly IdleLane[]): Promise<readonly IdleLane[]> {
    const homes = new Map([...owned.epochs.keys()].map((partition) => [partition, memory.homes.get(partition)]))
    const epochs = new Map([...homes].map(([partition, home]) => [partition, home?.epoch]))
    const askedAt = clock()
    for (const lane of lanes) busy.add(lane)
    const kept = new Set<string>()
    try {
      const rows = await readWaiting(db, owned, lanes, ROWS_PER_LANE)
      const found = await targets.load(rows.map(({ targetId }) => targetId))
      for (const [key, ofLane] of groupBy(rows, laneKeyText)) {
        const [first] = ofLane
        const home = first && homes.get(first.partition)
        const target = first && found.get(first.targetId)
        if (home?.state !== 'open' || home.epoch !== epochs.get(home.partition) || !target) continue
        kept.add(key)
        const { targetId, laneSeries, attempts } = first
        const waiting = ofLane.flatMap((row) => (row.position === null ? [] : [row]))
        memory.looked(home, waiting, { targetId, laneSeries, target, attempts, askedAt })
      }
      return lanes.filter((lane) => kept.has(laneKeyText(lane)))
    } finally {
      for (const lane of lanes) if (!kept.has(laneKeyText(lane))) busy.remove(lane)
    }
  }

  async function scan(): Promise<void> {
    hints.dropLost()
    for (const pair of await scanPairs(db, method, [...openPartitions().epochs.keys()]))
      hints.add(pair, clock() + Math.max(0, pair.inMs), { hasLater: true })
  }

  return {
    async claim(shares) {
      hints.asked(shares.map(({ pair }) => pair))
      try {
        const lanes = await idleLanes.find(shares)
        const looked = lanes.length === 0 ? [] : await look(openPartitions(), lanes)
        await retireExhausted(shares, looked)
      } catch (error) {
        scanSoon()
        throw error
      }
    },
    async scanIfDue() {
      const startedAt = clock()
      if (startedAt < nextScanAt) return 'not_due'
      // Set before the scan, so that a rescan requested while it runs is not lost.
      nextScanAt = startedAt + SCAN_INTERVAL_MS
      try {
        await scan()
        failures.markHealthy()
        return 'done'
      } catch (error) {
        // The pause leaves time for claims between scans that fail.
        failures.failed(error)
        nextScanAt = clock() + SCAN_AFTER_FAILURE_MS
        return 'failed'
      }
    },
    rescan: scanSoon,
    get nextScanAt() {
      return nextScanAt
    },
  }
}

function countByPair(pairs: readonly Pair[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const pair of pairs) counts.set(pairKey(pair), (counts.get(pairKey(pair)) ?? 0) + 1)
  return counts
}
