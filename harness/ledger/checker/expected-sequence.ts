import type { SeriesHistory } from '../publish/publishers.ts'
import type { Arrival } from './ledger-targets.ts'

/** One event that exists. Without keys a step may have several. */
export interface EventCopy {
  readonly step: number
  readonly uuid: string
  /** The number that it should have: one more than the event before it. */
  readonly expectedNumber: number
  /** The number with which it arrived; undefined if it never did. */
  readonly number: number | undefined
}

interface Seen {
  readonly step: number
  readonly number: number
}

/**
 * Returns the events of a series in the order of its publisher: those that were acknowledged, and those that arrived
 * anywhere. Copies of one step are in the order of their first arrivals. `arrivals` are those of the series, in order.
 */
export function sequenceOf({ steps, records }: SeriesHistory, arrivals: readonly Arrival[]): EventCopy[] {
  const seen = new Map<string, Seen>()
  for (const { eventUuid, step, number } of arrivals) if (!seen.has(eventUuid)) seen.set(eventUuid, { step, number })
  const arrivedBy = groupUuids(seen)
  const sequence: EventCopy[] = []
  let last = 0
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'end_series') {
      last = 0
      continue
    }
    for (const uuid of withAcknowledged(arrivedBy.get(index) ?? [], records[index]?.uuid)) {
      const number = seen.get(uuid)?.number
      sequence.push({ step: index, uuid, expectedNumber: last + 1, number })
      last = step.ends === undefined ? (number ?? last + 1) : 0
    }
  }
  return sequence
}

function groupUuids(seen: ReadonlyMap<string, Seen>): Map<number, string[]> {
  const groups = new Map<number, string[]>()
  for (const [uuid, { step }] of seen) groups.set(step, [...(groups.get(step) ?? []), uuid])
  return groups
}

/** Appends the acknowledged copy, which is the last that was sent. */
const withAcknowledged = (uuids: readonly string[], acknowledged: string | undefined) =>
  acknowledged === undefined || uuids.includes(acknowledged) ? uuids : [...uuids, acknowledged]
