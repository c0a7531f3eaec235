import { shown } from '../api/shown-text.ts'
import { createListing } from './listing.ts'
import type { SeriesOutcome } from './series-target.ts'
import type { SeriesRow } from './source-series.ts'

type Kind = SeriesOutcome | 'nothing' | 'invalid'

const TITLES: Readonly<Record<Kind, string>> = { copied: 'copied', already_there: 'already there', ended_here: 'ended here', nothing: 'without a number', invalid: 'invalid' }

/** What became of the counters of the series, counted. */
export interface SeriesReport {
  add(kind: Exclude<Kind, 'invalid'>): void
  addInvalid(row: SeriesRow, reason: string): void
  total(): number
  hasFaults(): boolean
  text(): string
}

/** `onLine` takes each line of a counter that could not be copied; undefined: they are kept for the text. */
export function createSeriesReport({ onLine }: { readonly onLine: ((line: string) => void) | undefined }): SeriesReport {
  const counts: Record<Kind, number> = { copied: 0, already_there: 0, ended_here: 0, nothing: 0, invalid: 0 }
  const faults = createListing('Counters that could not be copied:', onLine)
  return {
    add(kind) {
      counts[kind] += 1
    },
    addInvalid({ tenant, source, subject, seriesId }, reason) {
      counts.invalid += 1
      faults.add(`  ${[tenant, source, subject, seriesId].map((part) => shown(part ?? '')).join(' / ')}: invalid: ${shown(reason)}`)
    },
    total: () => Object.values(counts).reduce((sum, count) => sum + count, 0),
    hasFaults: () => counts.invalid > 0,
    text: () => `\nCounters of series: ${(Object.keys(TITLES) as Kind[]).map((kind) => `${counts[kind]} ${TITLES[kind]}`).join(', ')}.\n${faults.text()}`,
  }
}

/** Where there is nothing to copy. */
export const NO_COUNTERS = '\nThe source has no counters of series (no table event_series): every series begins with 1 here.\n'
