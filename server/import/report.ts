import { shown } from '../api/shown-text.ts'
import { createListing } from './listing.ts'
import { OUTCOMES, type Outcome, type OutcomeKind } from './outcome.ts'
import type { SourceRow } from './source-row.ts'
import type { Undelivered } from './source.ts'

type Identity = Pick<SourceRow, 'tenant' | 'owner' | 'name' | 'uuid'>

/** What an import has done, counted. Bounded by the number of tenants. */
export interface Report {
  add(subscription: Identity, outcome: Outcome): void
  /** How many have been looked at. */
  total(): number
  hasFaults(): boolean
  text(): string
}

export interface ReportParts {
  /** Takes each line of a subscription that was not copied; undefined: they are kept for the text. */
  readonly onLine: ((line: string) => void) | undefined
}

const KINDS = Object.keys(OUTCOMES).filter((kind): kind is OutcomeKind => kind in OUTCOMES)

export function createReport({ onLine }: ReportParts): Report {
  const tenants = new Map<string, Map<OutcomeKind, number>>()
  const faults = createListing('Could not be copied:', onLine)
  const skipped = createListing('Skipped:', onLine)

  const countOf = (kind: OutcomeKind) => [...tenants.values()].reduce((sum, counts) => sum + (counts.get(kind) ?? 0), 0)

  return {
    add({ tenant, owner, name, uuid }, { kind, reason }) {
      const counts = tenants.get(tenant) ?? new Map<OutcomeKind, number>()
      tenants.set(tenant, counts.set(kind, (counts.get(kind) ?? 0) + 1))
      if (kind === 'copied') return
      const { isFault, title } = OUTCOMES[kind]
      const line = `  ${[tenant, owner, name].map(shown).join(' / ')} (${shown(uuid)}): ${title}: ${reason}`
      if (isFault) faults.add(line)
      else skipped.add(line)
    },
    total: () => KINDS.reduce((sum, kind) => sum + countOf(kind), 0),
    hasFaults: () => KINDS.some((kind) => OUTCOMES[kind].isFault && countOf(kind) > 0),
    text() {
      const rows = [...tenants].sort(([a], [b]) => (a < b ? -1 : 1)).map(([tenant, counts]) => [shown(tenant), ...KINDS.map((kind) => String(counts.get(kind) ?? 0))])
      const table = tableText([['tenant', ...KINDS.map((kind) => OUTCOMES[kind].title)], ...rows, ['in all', ...KINDS.map((kind) => String(countOf(kind)))]])
      return [table, faults.text(), skipped.text()].join('')
    },
  }
}

/** What the original still has to do. */
export function undeliveredText({ inDelivery, inRecovery }: Undelivered): string {
  if (inDelivery + inRecovery === 0) return ''
  return `\nThe source has notifications that are not delivered yet: ${inDelivery} in delivery, ${inRecovery} in recovery. They are not copied.\nDrain it: let the original deliver them before it is stopped.\n`
}

/** The first column to the left, the numbers to the right. */
function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}\n`).join('')
}
