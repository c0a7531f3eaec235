import { convertSeries, type SeriesCounter } from './convert-series.ts'
import type { SeriesReport } from './series-report.ts'
import type { SeriesTarget } from './series-target.ts'
import type { ImportSource } from './import-source.ts'

export interface SeriesImportDeps {
  readonly source: Pick<ImportSource, 'seriesBatches'>
  readonly target: SeriesTarget
  readonly report: SeriesReport
  /** Ends the import between two batches; what was copied stays. */
  readonly signal: AbortSignal
  /** Called after each batch. */
  readonly onBatch: () => Promise<void>
}

/**
 * Copies the counters of all series, batch by batch. May be stopped and run again: a counter that is ahead here is
 * never lowered.
 */
export async function runSeriesImport({ source, target, report, signal, onBatch }: SeriesImportDeps): Promise<void> {
  for await (const rows of source.seriesBatches()) {
    signal.throwIfAborted()
    const counters = new Map<string, SeriesCounter>()
    for (const row of rows) {
      const verdict = convertSeries(row)
      if (verdict.kind === 'invalid') report.addInvalid(row, verdict.reason)
      else if (verdict.kind === 'without_number') report.add('without_number')
      else {
        // Tables without the original's key may have a series twice; the higher number counts.
        const other = counters.get(verdict.counter.key)
        if (other) report.add('already_there')
        if (!other || other.number < verdict.counter.number) counters.set(verdict.counter.key, verdict.counter)
      }
    }
    if (counters.size > 0)
      for (const outcome of (await target.copy([...counters.values()])).values()) report.add(outcome)
    await onBatch()
  }
}
