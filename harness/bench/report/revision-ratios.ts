import type { PerKind } from '../stats/cpu-meter.ts'
import type { Figures } from './figure-text.ts'
import { markdownTable } from './markdown-table.ts'
import { ratioText } from './ratio-text.ts'

const HEADER = ['This tree divided by a revision', 'events/s', 'p50', 'p99', 'CPU node', 'CPU PostgreSQL']

/** Returns a table with a row for each system that was measured in another revision too; nothing without any. */
export function revisionLines(figures: readonly Figures[]): string[] {
  const rows = figures.flatMap((theirs) => {
    const [system = '', revision] = theirs.system.split('@')
    const ours = figures.find((one) => one.system === system)
    return revision === undefined || !ours ? [] : [[`${system} / ${revision}`, ...ratiosOf(ours, theirs)]]
  })
  return rows.length === 0 ? [] : ['', ...markdownTable(HEADER, rows)]
}

function ratiosOf(ours: Figures, theirs: Figures): string[] {
  const ratio = (valueOf: (one: Figures) => number | undefined) =>
    ratioText((valueOf(ours) ?? NaN) / (valueOf(theirs) ?? NaN))
  const cpu = (kind: keyof PerKind) => ratio(({ cpuMicros }) => cpuMicros[kind])
  return [
    ratio(({ receivedPerS }) => receivedPerS.median),
    ratio(({ latencies }) => latencies.p50.median),
    ratio(({ latencies }) => latencies.p99.median),
    cpu('node'),
    cpu('postgresql'),
  ]
}
