import type { Lane } from './lane-model.ts'
import type { MemoryUse } from './memory-use.ts'
import type { PartitionLanes } from './lane-model.ts'

/** Notifications in memory, about 300 bytes each. */
const MAX_WAITING = 100_000
/** When there are more, so many of the largest tenant leave memory. */
const SURPLUS = 10_000
/** A head on the wire for longer does not hold the watermark of its partition back ... */
const MAX_SENDING_MS = 5000
/** ... nor does one that has waited for a slot for longer. */
const MAX_READY_MS = 30_000

/**
 * Returns the hot lanes that are to get a row: those that would hold the watermark of their partition back for long,
 * and, when memory is short, those of the tenant that has most of it. `leaves`: as in `Freeze`. `now`: monotonic ms.
 * Pure.
 */
export function lanesToFreeze(
  homes: Iterable<PartitionLanes>,
  { size, ofTenant, now }: Pick<MemoryUse, 'size' | 'ofTenant'> & { readonly now: number },
): { readonly lane: Lane; readonly leaves: boolean }[] {
  const largestTenant = size > MAX_WAITING ? largestOf(ofTenant) : undefined
  const chosen: { lane: Lane; leaves: boolean }[] = []
  let surplus = SURPLUS
  for (const home of homes) {
    if (home.state !== 'open') continue
    for (const lane of home.lanes.values()) {
      if (lane.isCold || lane.freeze) continue
      const isSurplus = surplus > 0 && lane.step === 'ready' && lane.target.tenant === largestTenant
      if (isSurplus) surplus -= lane.queue.length
      if (isSurplus || (lane.step === 'ready' && now - lane.since >= MAX_READY_MS)) chosen.push({ lane, leaves: true })
      else if (lane.step === 'sending' && now - lane.since >= MAX_SENDING_MS) chosen.push({ lane, leaves: false })
    }
  }
  return chosen
}

const largestOf = (counts: ReadonlyMap<string, number>) =>
  [...counts].reduce<[string, number] | undefined>(
    (largest, one) => (!largest || one[1] > largest[1] ? one : largest),
    undefined,
  )?.[0]
