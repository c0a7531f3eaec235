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
 * in rotation. So a backlog, however long and slow, leaves the next free slot to whoever has less, and the reserved ones
 * to prompt addresses (slots.ts). Pure.
 */
export function allot(due: readonly HintSnapshot[], slots: SlotCounts, most: number): Share[] {
  const limits = new Map<HintSnapshot, number>()
  const all = Math.min(slots.leftInAll, most)
  let dealt = 0
  let players = [...byAddress(due, slots)]
  for (let round = 0; dealt < all && players.length > 0; round += 1) {
    const served: typeof players = []
    for (const player of players) {
      const [addressKey, pairs] = player
      const pair = pairs[round % pairs.length]
      // Who gets nothing now gets nothing in a later round either.
      if (!pair || dealt === all || slots.leftFor(addressKey, { inAll: dealt, here: round }) === 0) continue
      limits.set(pair, (limits.get(pair) ?? 0) + 1)
      dealt += 1
      served.push(player)
    }
    players = served
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
