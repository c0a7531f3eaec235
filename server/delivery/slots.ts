import { LRUCache } from 'lru-cache'

/** How many requests may be on the wire at the same moment. */
export interface SlotLimits {
  readonly inAll: number
  readonly perAddress: number
  /** For an address that is not known to be prompt. As many as for any other unless given. */
  readonly perUnproven?: number
  /** Of those in all: for prompt addresses that have little on the wire. None unless given. */
  readonly reserved?: number
  /** Of those in all: for slow addresses together. All of them unless given. */
  readonly slow?: number
}

/** Bodies on the wire. One address takes a share, so that hanging requests with large bodies stop nobody else. */
const BYTES_PER_ADDRESS = 8 * 1024 * 1024
/** Above, only addresses with nothing on the wire get a slot, one each ... */
const BYTES_IN_ALL = 64 * 1024 * 1024
/** ... and above this nobody. */
const MOST_BYTES = 256 * 1024 * 1024
/** An address is prompt when its last request was over within this time, however it ended, and slow when it was not. */
const PROMPT_MS = 2000
/** One address has no more than these on the wire when the last of them is a reserved one. */
const RESERVED_PER_ADDRESS = 4
/** Addresses that are remembered as prompt, and as slow. */
const MOST_KNOWN = 50_000

interface Use {
  readonly requests: number
  readonly bytes: number
}

const NOTHING: Use = { requests: 0, bytes: 0 }

export interface Dealt {
  readonly inAll: number
  readonly here: number
}

const NONE_DEALT: Dealt = { inAll: 0, here: 0 }

export interface Slots {
  take(addressKey: string, bytes?: number): void
  /** `heldMs`: how long the slot was taken, if that says something about the address. */
  free(addressKey: string, bytes?: number, heldMs?: number): void
  usedBy(addressKey: string): number
  /** Slots left for this address, the limits in all considered, when so many more were taken: in all, and by this address. */
  leftFor(addressKey: string, dealt?: Dealt): number
  /** Asked once more when the address itself is known: whether it has a slot. */
  admits(addressKey: string, address: string): boolean
  readonly leftInAll: number
}

/**
 * Counts requests on the wire, and the bytes of their bodies, per address and in all. However many addresses hang, the
 * reserved slots are for those that do not, and those that are known to hang leave some to addresses nobody knows yet.
 */
export function createSlots({ inAll, perAddress, perUnproven = perAddress, reserved = 0, slow: slowMost = inAll }: SlotLimits): Slots {
  const used = new Map<string, Use>()
  const prompt = new LRUCache<string, true>({ max: MOST_KNOWN })
  const slow = new LRUCache<string, true>({
    max: MOST_KNOWN,
    onInsert: (_, addressKey) => {
      slowRequests += usedBy(addressKey).requests
    },
    dispose: (_, addressKey) => {
      slowRequests -= usedBy(addressKey).requests
    },
  })
  let slowRequests = 0
  let total = NOTHING

  const usedBy = (addressKey: string) => used.get(addressKey) ?? NOTHING

  function add(addressKey: string, requests: number, bytes: number): void {
    const { requests: before, bytes: bytesBefore } = usedBy(addressKey)
    if (before + requests === 0) used.delete(addressKey)
    else used.set(addressKey, { requests: before + requests, bytes: bytesBefore + bytes })
    total = { requests: total.requests + requests, bytes: total.bytes + bytes }
    if (slow.has(addressKey)) slowRequests += requests
  }

  function leftFor(addressKey: string, dealt = NONE_DEALT): number {
    const { requests, bytes } = usedBy(addressKey)
    if (bytes >= BYTES_PER_ADDRESS || total.bytes >= MOST_BYTES) return 0
    const usedHere = requests + dealt.here
    const mostHere = prompt.has(addressKey) ? perAddress : perUnproven
    const left = Math.max(0, Math.min(freeFor(addressKey, usedHere) - dealt.inAll, mostHere - usedHere))
    return total.bytes < BYTES_IN_ALL ? left : Math.min(left, usedHere === 0 ? 1 : 0)
  }

  function freeFor(addressKey: string, usedHere: number): number {
    const free = inAll - total.requests
    if (prompt.has(addressKey) && usedHere < RESERVED_PER_ADDRESS) return free
    return slow.has(addressKey) ? Math.min(free - reserved, slowMost - slowRequests) : free - reserved
  }

  function learn(addressKey: string, heldMs: number): void {
    const [now, before] = heldMs < PROMPT_MS ? [prompt, slow] : [slow, prompt]
    before.delete(addressKey)
    if (!now.has(addressKey)) now.set(addressKey, true)
    else now.get(addressKey) // the least used is forgotten first
  }

  return {
    take: (addressKey, bytes = 0) => add(addressKey, 1, bytes),
    free(addressKey, bytes = 0, heldMs?: number) {
      add(addressKey, -1, -bytes)
      if (heldMs !== undefined) learn(addressKey, heldMs)
    },
    usedBy: (addressKey) => usedBy(addressKey).requests,
    leftFor,
    // What was dealt stands: nothing has become known of the address.
    admits: () => true,
    get leftInAll() {
      return Math.max(0, inAll - total.requests)
    },
  }
}
