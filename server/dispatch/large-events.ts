/** Of one dispatch: each is matched whole, 100,000 targets in a quarter of a second. */
const MAX_LARGE_EVENTS = 8

/** The fields of a record that decide whether its notifications are inserted in slices. */
export interface SlicedRecord {
  readonly partition: number
  readonly position: number
  readonly kind: string
  readonly seriesKey: string | null
}

export interface LargeEventsOptions {
  /** Positions of events with too many matches. */
  readonly large: ReadonlySet<number>
  /** Series that have a fan-out: later events of them stand behind it. */
  readonly series: ReadonlySet<string>
}

export interface SplitRecords<Entry> {
  readonly records: readonly Entry[]
  /** Positions of those whose notifications are inserted in slices. */
  readonly sliced: ReadonlySet<number>
  /** Partitions of which records were left out: from one on that would have been one too many in slices. */
  readonly cut: ReadonlySet<number>
}

/**
 * Decides which of these records, by position, become fan-outs: the large ones, and all events of a series that has one
 * or gets one. Pure.
 */
export function splitLargeEvents<Entry extends SlicedRecord>(
  taken: readonly Entry[],
  { large, series }: LargeEventsOptions,
): SplitRecords<Entry> {
  const waiting = new Set(series)
  const sliced = new Set<number>()
  const cut = new Set<number>()
  const records: Entry[] = []
  for (const record of taken) {
    const { partition, position, kind, seriesKey } = record
    if (cut.has(partition)) continue
    const isSliced = kind === 'event' && (large.has(position) || (seriesKey !== null && waiting.has(seriesKey)))
    if (isSliced && sliced.size === MAX_LARGE_EVENTS) {
      cut.add(partition)
      continue
    }
    if (isSliced) sliced.add(position)
    if (isSliced && seriesKey !== null) waiting.add(seriesKey)
    records.push(record)
  }
  return { records, sliced, cut }
}
