import { sanitize } from '../runtime/display-text.ts'
import { required } from '../runtime/required.ts'
import { createBoundedListing } from './bounded-listing.ts'
import { OUTCOMES, type ImportOutcome, type OutcomeKind } from './import-outcome.ts'
import type { SourceRow } from './source-row.ts'
import type { Undelivered } from './import-source.ts'

type Identity = Pick<SourceRow, 'tenant' | 'owner' | 'name' | 'uuid'>

/** Counts what an import has done. Its memory is bounded by the number of tenants. */
export interface ImportReport {
  add(subscription: Identity, outcome: ImportOutcome): void
  /** Returns how many subscriptions were read. */
  total(): number
  hasFailures(): boolean
  text(): string
}

export interface ImportReportOptions {
  /** Receives a line for each subscription that was not copied; undefined: the report text lists them. */
  readonly onLine: ((line: string) => void) | undefined
}

const KINDS = Object.keys(OUTCOMES).filter((kind): kind is OutcomeKind => kind in OUTCOMES)

export function createImportReport({ onLine }: ImportReportOptions): ImportReport {
  const tenants = new Map<string, Map<OutcomeKind, number>>()
  const failures = createBoundedListing('Could not be copied:', onLine)
  const skipped = createBoundedListing('Skipped:', onLine)

  const countOf = (kind: OutcomeKind) => [...tenants.values()].reduce((sum, counts) => sum + (counts.get(kind) ?? 0), 0)

  return {
    add({ tenant, owner, name, uuid }, { kind, reason }) {
      const counts = tenants.get(tenant) ?? new Map<OutcomeKind, number>()
      tenants.set(tenant, counts.set(kind, (counts.get(kind) ?? 0) + 1))
      if (kind === 'copied') return
      const { isFailure, title } = OUTCOMES[kind]
      const line = `  ${[tenant, owner, name].map(sanitize).join(' / ')} (${sanitize(uuid)}): ${title}: ${reason}`
      if (isFailure) failures.add(line)
      else skipped.add(line)
    },
    total: () => KINDS.reduce((sum, kind) => sum + countOf(kind), 0),
    hasFailures: () => KINDS.some((kind) => OUTCOMES[kind].isFailure && countOf(kind) > 0),
    text() {
      const rows = [...tenants]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([tenant, counts]) => [sanitize(tenant), ...KINDS.map((kind) => String(counts.get(kind) ?? 0))])
      const table = tableText([
        ['tenant', ...KINDS.map((kind) => OUTCOMES[kind].title)],
        ...rows,
        ['in all', ...KINDS.map((kind) => String(countOf(kind)))],
      ])
      return [table, failures.text(), skipped.text()].join('')
    },
  }
}

/** Returns what the original still has to deliver, as a paragraph; empty when nothing. */
export function undeliveredText({ inDelivery, inRecovery }: Undelivered): string {
  if (inDelivery + inRecovery === 0) return ''
  const counts = `${inDelivery} in delivery, ${inRecovery} in recovery`
  return [
    `\nThe source has notifications that are not delivered yet: ${counts}. They are not copied.`,
    'Drain it: let the original deliver them before it is stopped.\n',
  ].join('\n')
}

/** Lays out a table: the first column to the left, the numbers to the right. All rows have equally many cells. */
function tableText(rows: readonly (readonly string[])[]): string {
  const widthOf = (column: number) =>
    Math.max(...rows.map((row) => required(row[column], 'a row has a cell in each column').length))
  const widths = required(rows[0], 'a table has a head').map((_, column) => widthOf(column))
  const padded = (cell: string, column: number) => {
    const width = required(widths[column], 'each column has a width')
    return column === 0 ? cell.padEnd(width) : cell.padStart(width)
  }
  return rows.map((row) => `${row.map(padded).join('  ')}\n`).join('')
}
