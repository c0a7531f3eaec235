import { createConversion } from './convert.ts'
import type { Report } from './report.ts'
import type { Source } from './source.ts'
import type { Target } from './target.ts'

export interface ImportParts {
  readonly source: Pick<Source, 'batches'>
  readonly target: Target
  readonly report: Report
  /** Ends the import between two batches; what was copied stays. */
  readonly signal: AbortSignal
  /** Called after each batch. */
  readonly onBatch: () => Promise<void>
}

/** Reads the source to its end, batch by batch. Whatever stops it, it may be run again: nothing is copied twice. */
export async function runImport({ source, target, report, signal, onBatch }: ImportParts): Promise<void> {
  const convert = createConversion()
  for await (const rows of source.batches()) {
    signal.throwIfAborted()
    const verdicts = rows.map((row) => ({ row, verdict: convert(row) }))
    const outcomes = await target.take(verdicts.flatMap(({ verdict }) => (verdict.kind === 'take' ? [verdict.checked] : [])))
    for (const { row, verdict } of verdicts) {
      const outcome = verdict.kind === 'take' ? outcomes.get(verdict.checked) : verdict.outcome
      if (!outcome) throw new Error('A subscription was passed over')
      report.add(row, outcome)
    }
    await onBatch()
  }
}
