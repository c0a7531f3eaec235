import type { Db } from '../db/db.ts'
import type { Share } from './allot.ts'
import { pairKey, type DeliveryMethod, type Pair } from '../lanes/lane.ts'
import { findDueLanes, readNextDue, type AskedPair, type DueLane } from '../lanes/due-lanes.ts'
import { laneKeyText } from '../lanes/lane-model.ts'
import type { PlacedLane } from '../lanes/placed-lane.ts'

/** A lane that may be claimed, and why: it is due, or was woken then. */
export type IdleLane = DueLane & Pick<AskedPair, 'wokenAt'>

/** The cold lanes that this process does not work on, as the database has them. */
export interface IdleLanes {
  /** Returns due lanes, per pair at most its limit. */
  find(shares: readonly Share[]): Promise<IdleLane[]>
  /** Returns the ms until the earliest lane of each pair is due, by `pairKey`; pairs without a lane are left out. */
  nextDue(pairs: readonly Pair[]): Promise<ReadonlyMap<string, number>>
}

export function createIdleLanes(
  db: Db,
  method: DeliveryMethod,
  busy: { has(lane: PlacedLane): boolean; countOf(pair: Pair): number },
  /** See `AskedPair`. */
  wokenAt: (addressKey: string) => Date | null,
): IdleLanes {
  /** The database does not know which lanes are busy: so many more of the pair may have to be read. */
  const withBusy = (pair: Pair, limit: number): AskedPair => ({
    pair,
    limit: limit + busy.countOf(pair),
    wokenAt: wokenAt(pair.addressKey),
  })

  return {
    async find(shares) {
      const found = await findDueLanes(
        db,
        method,
        shares.map(({ pair, limit }) => withBusy(pair, limit)),
      )
      const left = new Map(shares.map(({ pair, limit }) => [pairKey(pair), limit]))
      const seen = new Set<string>()
      const idle = found.filter((lane) => {
        const limit = left.get(pairKey(lane)) ?? 0
        if (limit === 0 || busy.has(lane) || seen.has(laneKeyText(lane))) return false
        seen.add(laneKeyText(lane))
        left.set(pairKey(lane), limit - 1)
        return true
      })
      return idle.map((lane) => ({ ...lane, wokenAt: wokenAt(lane.addressKey) }))
    },
    async nextDue(pairs) {
      if (pairs.length === 0) return new Map()
      const lanes = await readNextDue(
        db,
        method,
        pairs.map((pair) => withBusy(pair, 1)),
      )
      const idle = lanes.filter((lane) => !busy.has(lane))
      return new Map(idle.toReversed().map((lane) => [pairKey(lane), lane.inMs])) // the earliest of a pair comes last
    },
  }
}
