import type { HintSnapshot } from './hints.ts'
import type { Slots } from './slots.ts'

/** How many heads of a pair to claim. */
export interface Share {
  readonly pair: HintSnapshot
  readonly limit: number
}

type SlotCounts = Pick<Slots, 'usedBy' | 'leftFor' | 'leftInAll'>

/** Pairs asked in one claim. */
const PAIRS_PER_CLAIM = 256

/**
 * Deals free slots out like cards, one to each address and round: first to addresses with the fewest requests on the wire,
 * then to who has waited longest for a turn, never beyond an address's own limit. The pairs of one address take its turns
 * in rotation. So a backlog, however long and slow, leaves the next free slot to whoever has less. Pure.
 */
export function allot(due: readonly HintSnapshot[], slots: SlotCounts, most: number): Share[] {
  const limits = new Map<HintSnapshot, number>()
  let left = Math.min(slots.leftInAll, most)
  let players = [...byAddress(due, slots)]
  for (let round = 0; left > 0 && players.length > 0; round += 1) {
    players = players.filter(([addressKey]) => slots.leftFor(addressKey) > round)
    for (const [, pairs] of players.slice(0, left)) {
      const pair = pairs[round % pairs.length]
      if (pair) limits.set(pair, (limits.get(pair) ?? 0) + 1)
      left -= 1
    }
  }
  return [...limits].map(([pair, limit]) => ({ pair, limit }))
}

/** Addresses with a free slot, and the pairs of each, in the order of their turns. */
function byAddress(due: readonly HintSnapshot[], slots: SlotCounts): Map<string, HintSnapshot[]> {
  const asked = due
    .filter(({ addressKey }) => slots.leftFor(addressKey) > 0)
    .sort((a, b) => slots.usedBy(a.addressKey) - slots.usedBy(b.addressKey) || a.turn - b.turn)
    .slice(0, PAIRS_PER_CLAIM)
  const addresses = new Map<string, HintSnapshot[]>()
  for (const pair of asked) addresses.set(pair.addressKey, [...(addresses.get(pair.addressKey) ?? []), pair])
  return addresses
}
