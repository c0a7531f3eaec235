import { LRUCache } from 'lru-cache'
import { createSlots, type SlotLimits, type Slots } from './slots.ts'

/** How many requests to addresses that belong together may be on the wire at the same time, as in `SlotLimits`. */
export interface GroupLimits {
  readonly groupOf: (address: string) => string
  /** Of all dispatchers together, like `perUnproven`. */
  readonly perGroup: number
  /** The limit for a group that is not known to be prompt. */
  readonly perUnproven: number
  /** Of all slots: how many slow groups may use together. */
  readonly slow: number
  /** Of all slots: reserved for prompt groups with few requests on the wire. */
  readonly reserved: number
}

/** Addresses whose group is remembered; the least recently used are forgotten first. */
const MAX_KNOWN = 100_000
/** Stands for the group of an address whose group is not known yet. */
const SOME_GROUP = ''

/**
 * Limits requests per address and per group of addresses. A claim knows only the key of an address; `admits` learns the
 * group from the head whose turn it is, which it may have to turn away.
 */
export function createGroupedSlots(
  { inAll, perAddress }: SlotLimits,
  { groupOf, perGroup, ...limits }: GroupLimits,
  dispatchers?: () => number,
): Slots {
  const addresses = createSlots({ inAll, perAddress }, dispatchers)
  const groups = createSlots({ inAll, perAddress: perGroup, ...limits }, dispatchers)
  const known = new LRUCache<string, string>({ max: MAX_KNOWN })
  /**
   * The group in which each address took its slots: they are freed there, even if the group was forgotten meanwhile.
   */
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
    // Groups come first: a thousand addresses of one domain together get the share of one domain.
    usedBy: (addressKey) => addresses.usedBy(addressKey) + groups.usedBy(groupFor(addressKey) ?? SOME_GROUP),
    leftFor(addressKey, dealt) {
      const group = groupFor(addressKey)
      const ofAddress = addresses.leftFor(addressKey, dealt)
      // One slot, to learn the group, which may have room where other groups have none.
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
