import { join, sql, type Sql } from '../../db/sql.ts'
import type { Violation } from '../violations.ts'
import { sanitize } from '../../runtime/display-text.ts'
import { attributeOf, OPERATORS_OF, type Attribute } from './attributes.ts'
import type { Comparison } from './condition.ts'
import type { Operator } from './operators.ts'
import { typedComparison } from './typed-comparison.ts'

/** One level of an order. */
export interface OrderEntry {
  readonly attribute: Attribute
  readonly isDescending: boolean
}

/**
 * The outermost level first; no attribute twice. Rows without the attribute come last, or first when descending, as in
 * PostgreSQL.
 */
export type Order = readonly [OrderEntry, ...OrderEntry[]]

export type OrderByResult =
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'invalid'; readonly violations: readonly Violation[] }

const ENTRY = /^([a-z][a-z0-9_]*)\s*(?:\(\s*(asc|desc)?\s*\))?$/i
/**
 * They decide between rows that are equal in all levels that were asked for, so that pages neither repeat nor skip a
 * row.
 */
const TIE_BREAKS = ['created', 'name', 'uuid']

/**
 * Reads `attr[(asc|desc)]{,...}` (protocol 4.5). Absent: by creation, then name, then uuid, which also follow any order
 * that is given.
 */
export function parseOrderBy(orderBy: string | undefined): OrderByResult {
  const parts = [...(orderBy?.split(',').map(parseOrderEntry) ?? []), ...TIE_BREAKS.map(parseOrderEntry)]
  const violations = parts.filter((part) => 'code' in part)
  const entries = new Map<string, OrderEntry>()
  // The second mention of an attribute decides nothing.
  for (const part of parts)
    if ('attribute' in part && !entries.has(part.attribute.name)) entries.set(part.attribute.name, part)
  const [first, ...rest] = entries.values()
  return violations.length > 0 || first === undefined
    ? { kind: 'invalid', violations }
    : { kind: 'order', order: [first, ...rest] }
}

function parseOrderEntry(text: string): OrderEntry | Violation {
  const [, name, direction] = ENTRY.exec(text.trim()) ?? []
  if (name === undefined)
    return {
      code: 'TAPIS_QUERY_PARAM_ORDERBY_ERROR',
      text: `orderBy: not of the form attribute(asc) or attribute(desc): ${sanitize(text)}`,
    }
  const attribute = attributeOf(name)
  if (!attribute) return { code: 'NTFLIB_DB_NO_COLUMN_SORT', text: `orderBy: there is no attribute ${sanitize(name)}` }
  return { attribute, isDescending: direction?.toLowerCase() === 'desc' }
}

/** Compiles what follows `order by`. */
export const compileOrder = (order: Order): Sql =>
  join(
    order.map(({ attribute, isDescending }) => (isDescending ? sql`${attribute.column} desc` : attribute.column)),
    ', ',
  )

export type StartAfterResult =
  | { readonly kind: 'start'; readonly after: Comparison }
  | { readonly kind: 'invalid'; readonly violations: readonly Violation[] }

/**
 * Returns the condition that a list goes on after this value of its first attribute (protocol 4.5). Rows that are equal
 * in it are skipped, and so are those without it. The value is taken literally, without backslashes.
 */
export function parseStartAfter([{ attribute, isDescending }]: Order, value: string): StartAfterResult {
  const operator: Operator = isDescending ? 'lt' : 'gt'
  // Uuids and booleans have an order too, though conditions have no operator for it.
  const checked = typedComparison(attribute, OPERATORS_OF[attribute.type].includes(operator) ? operator : 'eq', [value])
  if (checked.kind === 'invalid')
    return {
      kind: 'invalid',
      violations: checked.violations.map((text) => ({ code: 'NTFAPI_SEARCH_ERROR', text: `startAfter: ${text}` })),
    }
  return { kind: 'start', after: { ...checked.comparison, operator } }
}
