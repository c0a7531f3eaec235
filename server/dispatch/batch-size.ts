const MOST_RECORDS = 500
/** A batch is cut so that it is expected to match about this often. */
const MATCHES_WANTED = 5000

/** How many records to take at once, learnt from the batches before. */
export interface BatchSize {
  readonly records: number
  learn(batch: { readonly records: number; readonly matches: number }): void
  /** The batch ran into the time limit. Answers false when it cannot get smaller. */
  shrink(records: number): boolean
}

export function createBatchSize(): BatchSize {
  let most = MOST_RECORDS
  let matchesPerRecord = 1

  return {
    get records() {
      return Math.max(1, Math.min(most, Math.round(MATCHES_WANTED / Math.max(1, matchesPerRecord))))
    },
    learn({ records, matches }) {
      if (records === 0) return
      matchesPerRecord = 0.7 * matchesPerRecord + 0.3 * (matches / records)
      most = Math.min(MOST_RECORDS, most * 2)
    },
    shrink(records) {
      if (most === 1) return false
      most = Math.max(1, Math.floor(Math.min(most, records) / 4))
      return true
    },
  }
}
