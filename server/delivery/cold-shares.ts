import type { Dealt, Slots } from './slots.ts'

/** How many cold lanes of each address may come into memory: `allot` counts them like slots. */
export interface ColdShares extends Pick<Slots, 'usedBy' | 'leftFor' | 'leftInAll'> {
  /** A cold lane of this address waits for its turn. */
  waits(addressKey: string): void
  /** It has had it. */
  passed(addressKey: string): void
}

/**
 * Cold lanes are read for free slots. An address whose slots are all in use has one of them wait as well: behind the
 * hot lanes of that address there may never be a free slot, but there is a turn. Pure, except for what it counts.
 */
export function createColdShares(slots: Pick<Slots, 'usedBy' | 'leftFor'>): ColdShares {
  const waiting = new Map<string, number>()

  function add(addressKey: string, change: 1 | -1): void {
    const after = (waiting.get(addressKey) ?? 0) + change
    if (after === 0) waiting.delete(addressKey)
    else waiting.set(addressKey, after)
  }

  return {
    usedBy: slots.usedBy,
    leftFor(addressKey, { inAll, here }: Dealt = { inAll: 0, here: 0 }) {
      const ahead = here + (waiting.get(addressKey) ?? 0)
      const left = slots.leftFor(addressKey, { inAll, here: ahead })
      return left > 0 ? left : ahead === 0 && slots.usedBy(addressKey) > 0 ? 1 : 0
    },
    leftInAll: Infinity,
    waits: (addressKey) => add(addressKey, 1),
    passed: (addressKey) => add(addressKey, -1),
  }
}
