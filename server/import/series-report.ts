import { sanitize } from '../runtime/display-text.ts'
import { createBoundedListing } from './bounded-listing.ts'
import type { SeriesOutcome } from './series-target.ts'
import type { SeriesRow } from './source-series.ts'

/** What became of a counter: `without_number` had none to copy, `invalid` names no series. Others: `SeriesOutcome`. */
type Kind = SeriesOutcome | 'without_number' | 'invalid'

/** In the order of the report. */
const TITLES: Readonly<Record<Kind, string>> = {
  copied: 'copied',
  already_there: 'already there',
  ended_here: 'ended here',
  without_number: 'without a number',
  invalid: 'invalid',
}

/** Counts what became of the counters of the series. */
export interface SeriesReport {
  add(kind: Exclude<Kind, 'invalid'>): void
  addInvalid(row: SeriesRow, reason: string): void
  total(): number
  /** The command ends with code 1 then. */
  hasFailures(): boolean
  text(): string
}

/** `onLine` receives a line for each counter that could not be copied; undefined: the report text lists them. */
export function createSeriesReport({
  onLine,
}: {
  readonly onLine: ((line: string) => void) | undefined
}): SeriesReport {
  const counts: Record<Kind, number> = { copied: 0, already_there: 0, ended_here: 0, without_number: 0, invalid: 0 }
  const failures = createBoundedListing('Counters that could not be copied:', onLine)
  return {
    add(kind) {
      counts[kind] += 1
    },
    addInvalid({ tenant, source, subject, seriesId }, reason) {
      counts.invalid += 1
      const identity = [tenant, source, subject, seriesId].map((part) => sanitize(part ?? '')).join(' / ')
      failures.add(`  ${identity}: invalid: ${sanitize(reason)}`)
    },
    total: () => Object.values(counts).reduce((sum, count) => sum + count, 0),
    hasFailures: () => counts.invalid > 0,
    text() {
      const counted = (Object.keys(TITLES) as Kind[]).map((kind) => `${counts[kind]} ${TITLES[kind]}`)
      return `\nCounters of series: ${counted.join(', ')}.\n${failures.text()}`
    },
  }
}

/** Stands for the report when there are no counters to copy. */
export const NO_COUNTERS =
  '\nThe source has no counters of series (no table event_series): every series begins with 1 here.\n'
