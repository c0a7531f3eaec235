/** How many requests may be on the wire at the same moment. */
export interface SlotLimits {
  readonly inAll: number
  readonly perAddress: number
}

/** Bodies on the wire. One address takes a share, so that hanging requests with large bodies stop nobody else. */
const BYTES_PER_ADDRESS = 8 * 1024 * 1024
/** Above, only addresses with nothing on the wire get a slot, one each ... */
const BYTES_IN_ALL = 64 * 1024 * 1024
/** ... and above this nobody. */
const MOST_BYTES = 256 * 1024 * 1024

interface Use {
  readonly requests: number
  readonly bytes: number
}

const NOTHING: Use = { requests: 0, bytes: 0 }

export interface Slots {
  take(addressKey: string, bytes?: number): void
  free(addressKey: string, bytes?: number): void
  usedBy(addressKey: string): number
  /** Slots left for this address, the limits in all considered. */
  leftFor(addressKey: string): number
  readonly leftInAll: number
}

/** Counts requests on the wire, and the bytes of their bodies, per address and in all. */
export function createSlots({ inAll, perAddress }: SlotLimits): Slots {
  const used = new Map<string, Use>()
  let total = NOTHING

  const usedBy = (addressKey: string) => used.get(addressKey) ?? NOTHING

  function add(addressKey: string, requests: number, bytes: number): void {
    const { requests: before, bytes: bytesBefore } = usedBy(addressKey)
    if (before + requests === 0) used.delete(addressKey)
    else used.set(addressKey, { requests: before + requests, bytes: bytesBefore + bytes })
    total = { requests: total.requests + requests, bytes: total.bytes + bytes }
  }

  function leftFor(addressKey: string): number {
    const { requests, bytes } = usedBy(addressKey)
    if (bytes >= BYTES_PER_ADDRESS || total.bytes >= MOST_BYTES) return 0
    const left = Math.max(0, Math.min(inAll - total.requests, perAddress - requests))
    return total.bytes < BYTES_IN_ALL ? left : Math.min(left, requests === 0 ? 1 : 0)
  }

  return {
    take: (addressKey, bytes = 0) => add(addressKey, 1, bytes),
    free: (addressKey, bytes = 0) => add(addressKey, -1, -bytes),
    usedBy: (addressKey) => usedBy(addressKey).requests,
    leftFor,
    get leftInAll() {
      return Math.max(0, inAll - total.requests)
    },
  }
}
