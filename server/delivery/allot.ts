import type { HintSnapshot } from './hints.ts'
import type { Slots } from './slots.ts'

/** How many cold lanes of a pair to claim. */
export interface Share {
  readonly pair: HintSnapshot
  readonly limit: number
}

type SlotCounts = Pick<Slots, 'usedBy' | 'leftFor' | 'leftInAll'>

/** Pairs per claim. */
const PAIRS_PER_CLAIM = 256

/**
 * Shares out the free slots among cold lanes, round-robin, one per address and round: first to the addresses with the
 * fewest requests on the wire, then to those that have waited longest, and never beyond an address's own limit. The
 * pairs of one address take turns. So a long or slow backlog causes no head-of-line blocking: the next free slot goes
 * to an address with less, and the reserved slots go to prompt addresses (slots.ts). Pure.
 */
export function allot(due: readonly HintSnapshot[], slots: SlotCounts, limit: number): Share[] {
  const limits = new Map<HintSnapshot, number>()
  const all = Math.min(slots.leftInAll, limit)
  let dealt = 0
  let candidates = [...byAddress(due, slots)]
  for (let round = 0; dealt < all && candidates.length > 0; round += 1) {
    const served: typeof candidates = []
    for (const candidate of candidates) {
      const [addressKey, pairs] = candidate
      const pair = pairs[round % pairs.length]
      // An address that gets nothing now gets nothing in a later round either.
      if (!pair || dealt === all || slots.leftFor(addressKey, { inAll: dealt, here: round }) === 0) continue
      limits.set(pair, (limits.get(pair) ?? 0) + 1)
      dealt += 1
      served.push(candidate)
    }
    candidates = served
  }
  return [...limits].map(([pair, limit]) => ({ pair, limit }))
}

/** Returns the addresses with a free slot and the pairs of each, in the order in which they are served. */
function byAddress(due: readonly HintSnapshot[], slots: SlotCounts): Map<string, HintSnapshot[]> {
  const asked = due
    .filter(({ addressKey }) => slots.leftFor(addressKey) > 0)
    .sort((a, b) => slots.usedBy(a.addressKey) - slots.usedBy(b.addressKey) || a.turn - b.turn)
    .slice(0, PAIRS_PER_CLAIM)
  const addresses = new Map<string, HintSnapshot[]>()
  for (const pair of asked) addresses.set(pair.addressKey, [...(addresses.get(pair.addressKey) ?? []), pair])
  return addresses
}
