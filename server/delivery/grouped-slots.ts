import { LRUCache } from 'lru-cache'
import { createSlots, type SlotLimits, type Slots } from './slots.ts'

/** How many requests may be on the wire at the same moment to addresses that belong together. */
export interface GroupLimits {
  readonly groupOf: (address: string) => string
  readonly perGroup: number
  /** For a group that is not known to be prompt. */
  readonly perUnproven: number
  /** Of those in all: for slow groups together. */
  readonly slow: number
  /** Of those in all: for prompt groups that have little on the wire. */
  readonly reserved: number
}

/** Addresses whose group is remembered. */
const MOST_KNOWN = 100_000
/** A group that nothing is on the wire to, and nothing is known of. */
const SOME_GROUP = ''

/**
 * Slots for addresses and for their groups. Before a claim an address is known by its key only; its group is known from the
 * first claim on (`admits`), which may have to let go what it claimed.
 */
export function createGroupedSlots({ inAll, perAddress }: SlotLimits, { groupOf, perGroup, ...limits }: GroupLimits): Slots {
  const addresses = createSlots({ inAll, perAddress })
  const groups = createSlots({ inAll, perAddress: perGroup, ...limits })
  const known = new LRUCache<string, string>({ max: MOST_KNOWN })
  /** Where a slot was taken is where it is freed, whatever was forgotten meanwhile. */
  const taken = new Map<string, string>()

  const groupFor = (addressKey: string) => taken.get(addressKey) ?? known.get(addressKey)

  return {
    take(addressKey, bytes) {
      const group = groupFor(addressKey) ?? SOME_GROUP
      taken.set(addressKey, group)
      addresses.take(addressKey, bytes)
      groups.take(group)
    },
    free(addressKey, bytes, heldMs) {
      groups.free(groupFor(addressKey) ?? SOME_GROUP, 0, heldMs)
      addresses.free(addressKey, bytes)
      if (addresses.usedBy(addressKey) === 0) taken.delete(addressKey)
    },
    // Turns go to groups first: who writes to one domain from a thousand addresses has one turn among domains.
    usedBy: (addressKey) => addresses.usedBy(addressKey) + groups.usedBy(groupFor(addressKey) ?? SOME_GROUP),
    leftFor(addressKey, dealt) {
      const group = groupFor(addressKey)
      const ofAddress = addresses.leftFor(addressKey, dealt)
      // One, to get to know it: its group may have a slot although others have none.
      return Math.min(ofAddress, group === undefined ? 1 : groups.leftFor(group, dealt))
    },
    admits(addressKey, address) {
      const group = groupOf(address)
      known.set(addressKey, group)
      return groups.leftFor(groupFor(addressKey) ?? group) > 0
    },
    get leftInAll() {
      return addresses.leftInAll
    },
  }
}
