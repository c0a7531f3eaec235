const MIN_SLICE = 50
const MAX_SLICE = 500
/** What a slice may take: a batch that comes meanwhile waits for it. */
const TARGET_MS = 10

/** How many notifications of fan-outs to insert at once, learnt from how long it took. */
export interface SliceSize {
  readonly notifications: number
  learn(slice: { readonly notifications: number; readonly tookMs: number }): void
}

export function createSliceSize(): SliceSize {
  let size = MIN_SLICE

  return {
    get notifications() {
      return size
    },
    learn({ notifications, tookMs }) {
      const wanted = Math.round((notifications * TARGET_MS) / Math.max(1, tookMs))
      // A slice that was not full says little about a full one.
      if (notifications < size && wanted > size) return
      size = Math.max(MIN_SLICE, Math.min(MAX_SLICE, Math.max(Math.floor(size / 2), Math.min(wanted, size * 2))))
    },
  }
}
