import { LRUCache } from 'lru-cache'
import { dividedLimit } from './divided-limit.ts'

/** How many requests may be on the wire at the same time. What is not per address is of this process alone. */
export interface SlotLimits {
  readonly inAll: number
  /** Of all dispatchers together; each has its part (divided-limit.ts). */
  readonly perAddress: number
  /** The limit for an address that is not known to be prompt; `perAddress` unless given. */
  readonly perUnproven?: number
  /** Of all slots: reserved for prompt addresses with few requests on the wire; none unless given. */
  readonly reserved?: number
  /** Of all slots: how many slow addresses may use together; all unless given. */
  readonly slow?: number
  /** How many addresses are remembered as prompt, and how many as slow; 50,000 unless given. */
  readonly maxKnown?: number
}

/** Bytes of bodies on the wire to one address, so that hanging requests with large bodies do not block others. */
const BYTES_PER_ADDRESS = 8 * 1024 * 1024
/** Above this total, only addresses with nothing on the wire get a slot, one each ... */
const BYTES_IN_ALL = 64 * 1024 * 1024
/** ... and above this total, no address does. */
const MAX_BYTES = 256 * 1024 * 1024
/** An address is prompt if its last request ended within this time, whatever the result, and slow otherwise. */
const PROMPT_MS = 2000
/** An address with this many requests on the wire gets no reserved slot. */
const RESERVED_PER_ADDRESS = 4
/** The least recently used are forgotten first. */
const MAX_KNOWN = 50_000

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
  /** `heldMs`: how long the slot was in use, if that says something about the address. */
  free(addressKey: string, bytes?: number, heldMs?: number): void
  usedBy(addressKey: string): number
  /**
   * Returns how many more slots this address may take, if `dealt` slots had been taken on top of those in use: in all,
   * and by this address.
   */
  leftFor(addressKey: string, dealt?: Dealt): number
  /** Returns whether the address may have the slot after all, once it is known and not only its key. */
  admits(addressKey: string, address: string): boolean
  readonly leftInAll: number
}

/**
 * Counts the requests on the wire and the bytes of their bodies, per address and in all. However many addresses hang,
 * the reserved slots remain for those that do not (no noisy neighbours), and addresses known to hang leave slots to
 * addresses of which nothing is known yet.
 *
 * `dispatchers`: how many share the limits per address, this one included. It is asked each time; where it grows, what
 * is on the wire stays there.
 */
export function createSlots(
  {
    inAll,
    perAddress,
    perUnproven = perAddress,
    reserved = 0,
    slow: maxSlow = inAll,
    maxKnown = MAX_KNOWN,
  }: SlotLimits,
  dispatchers: () => number = () => 1,
): Slots {
  const used = new Map<string, Use>()
  const prompt = new LRUCache<string, true>({ max: maxKnown })
  const slow = new LRUCache<string, true>({
    max: maxKnown,
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
    if (bytes >= BYTES_PER_ADDRESS || total.bytes >= MAX_BYTES) return 0
    const usedHere = requests + dealt.here
    const maxHere = dividedLimit(prompt.has(addressKey) ? perAddress : perUnproven, dispatchers())
    const left = Math.max(0, Math.min(freeFor(addressKey, usedHere) - dealt.inAll, maxHere - usedHere))
    return total.bytes < BYTES_IN_ALL ? left : Math.min(left, usedHere === 0 ? 1 : 0)
  }

  function freeFor(addressKey: string, usedHere: number): number {
    const free = inAll - total.requests
    if (prompt.has(addressKey) && usedHere < RESERVED_PER_ADDRESS) return free
    return slow.has(addressKey) ? Math.min(free - reserved, maxSlow - slowRequests) : free - reserved
  }

  function learn(addressKey: string, heldMs: number): void {
    const [now, before] = heldMs < PROMPT_MS ? [prompt, slow] : [slow, prompt]
    before.delete(addressKey)
    if (!now.has(addressKey)) now.set(addressKey, true)
    else now.get(addressKey) // marks it as recently used
  }

  return {
    take: (addressKey, bytes = 0) => add(addressKey, 1, bytes),
    free(addressKey, bytes = 0, heldMs?: number) {
      add(addressKey, -1, -bytes)
      if (heldMs !== undefined) learn(addressKey, heldMs)
    },
    usedBy: (addressKey) => usedBy(addressKey).requests,
    leftFor,
    // The address itself adds nothing to what its key has told.
    admits: () => true,
    get leftInAll() {
      return Math.max(0, inAll - total.requests)
    },
  }
}
