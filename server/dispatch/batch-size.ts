const MAX_RECORDS = 500
/** Matches that a batch is sized for. */
const TARGET_MATCHES = 5000

/** How many records to take at once, learnt from former batches. */
export interface BatchSize {
  readonly records: number
  learn(batch: { readonly records: number; readonly matches: number }): void
  /** The batch ran into the time limit. Returns false when it cannot get smaller. */
  shrink(records: number): boolean
}

export function createBatchSize(): BatchSize {
  let maxRecords = MAX_RECORDS
  let matchesPerRecord = 1

  return {
    get records() {
      return Math.max(1, Math.min(maxRecords, Math.round(TARGET_MATCHES / Math.max(1, matchesPerRecord))))
    },
    learn({ records, matches }) {
      if (records === 0) return
      matchesPerRecord = 0.7 * matchesPerRecord + 0.3 * (matches / records)
      maxRecords = Math.min(MAX_RECORDS, maxRecords * 2)
    },
    shrink(records) {
      if (maxRecords === 1) return false
      maxRecords = Math.max(1, Math.floor(Math.min(maxRecords, records) / 4))
      return true
    },
  }
}
