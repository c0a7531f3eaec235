/** The fields of a record that numbering needs. */
export interface NumberedRecord {
  readonly position: number
  readonly kind: string
  readonly seriesKey: string | null
  readonly endsSeries: boolean
  readonly deletesSubscriptions: boolean
}

export interface Numbering {
  /** seriesSeqCount of each event, by position; -1 outside a series. Control records have none. */
  readonly numbers: ReadonlyMap<number, number>
  /** Last number of each series in the batch; null: the series has ended, and its counter is deleted. */
  readonly counters: ReadonlyMap<string, number | null>
}

/**
 * Numbers records in the given order, which is their order in the partition. `last` has the counters before the batch.
 * An event that ends its series gets its own number first; the next event of that series gets 1 (Tapis Notifications
 * 1.6.2, endSeries and deleteSubscriptionsMatchingSubject).
 */
export function numberRecords(records: readonly NumberedRecord[], last: ReadonlyMap<string, number>): Numbering {
  const numbers = new Map<number, number>()
  const counters = new Map<string, number | null>()
  for (const record of records) {
    const { seriesKey } = record
    if (seriesKey === null) {
      numbers.set(record.position, -1)
      continue
    }
    const before = counters.has(seriesKey) ? (counters.get(seriesKey) ?? 0) : (last.get(seriesKey) ?? 0)
    if (record.kind === 'event') numbers.set(record.position, before + 1)
    counters.set(seriesKey, endsSeries(record) ? null : before + 1)
  }
  return { numbers, counters }
}

const endsSeries = (record: NumberedRecord) =>
  record.kind === 'end_series' || record.endsSeries || record.deletesSubscriptions
