import type { LaneKey } from './lane.ts'

/** A lane and where it is. */
export interface PlacedLane extends LaneKey {
  readonly partition: number
}

/** The order in which lanes, and what waits in them, are locked: by key, then by position. */
export const inLockOrder = <Lane extends LaneKey & { readonly position?: number }>(lanes: readonly Lane[]): Lane[] =>
  lanes.toSorted(
    (a, b) =>
      a.targetId - b.targetId || compareTexts(a.laneSeries, b.laneSeries) || (a.position ?? 0) - (b.position ?? 0),
  )

/** Two uuids, as PostgreSQL compares them. */
const compareTexts = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1)
