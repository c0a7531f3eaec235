import { createConversion } from './convert-subscription.ts'
import type { ImportReport } from './import-report.ts'
import type { ImportSource } from './import-source.ts'
import type { SubscriptionTarget } from './subscription-target.ts'

export interface ImportDeps {
  readonly source: Pick<ImportSource, 'batches'>
  readonly target: SubscriptionTarget
  readonly report: ImportReport
  /** Ends the import between two batches; what was copied stays. */
  readonly signal: AbortSignal
  /** Called after each batch. */
  readonly onBatch: () => Promise<void>
}

/**
 * Copies all subscriptions of the source, batch by batch. Whatever stops it, it may run again: nothing is copied twice.
 */
export async function runImport({ source, target, report, signal, onBatch }: ImportDeps): Promise<void> {
  const convert = createConversion()
  for await (const rows of source.batches()) {
    signal.throwIfAborted()
    const verdicts = rows.map((row) => ({ row, verdict: convert(row) }))
    const outcomes = await target.copy(
      verdicts.flatMap(({ verdict }) => (verdict.kind === 'take' ? [verdict.checked] : [])),
    )
    for (const { row, verdict } of verdicts) {
      const outcome = verdict.kind === 'take' ? outcomes.get(verdict.checked) : verdict.outcome
      if (!outcome) throw new Error('A subscription was skipped without an outcome')
      report.add(row, outcome)
    }
    await onBatch()
  }
}
