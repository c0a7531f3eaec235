import { join, sql, type Sql } from '../../db/sql.ts'
import type { Fault } from '../refusal.ts'
import { shown } from '../shown-text.ts'
import { attributeOf, OPERATORS_OF, type Attribute } from './attributes.ts'
import type { Operator, Test } from './condition.ts'
import { typedTest } from './typed-test.ts'

/** One level of an order. */
export interface OrderEntry {
  readonly attribute: Attribute
  readonly isDescending: boolean
}

/** The outermost first; no attribute twice. Rows without the attribute come last, or first when descending, as PostgreSQL has it. */
export type Order = readonly [OrderEntry, ...OrderEntry[]]

export type ReadOrder =
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }

const ENTRY = /^([a-z][a-z0-9_]*)\s*(?:\(\s*(asc|desc)?\s*\))?$/i
/** Decide between rows that are equal in all that was asked for, so that pages neither repeat nor leave out a row. */
const TIE_BREAKS = ['created', 'name', 'uuid']

/** Reads `attr[(asc|desc)]{,...}` (contract 4.5). Absent: by creation, then name, then uuid, which also follow whatever is given. */
export function readOrder(orderBy: string | undefined): ReadOrder {
  const parts = [...(orderBy?.split(',').map(readEntry) ?? []), ...TIE_BREAKS.map(readEntry)]
  const faults = parts.filter((part) => 'code' in part)
  const entries = new Map<string, OrderEntry>()
  // Of an attribute that comes twice the second one decides nothing.
  for (const part of parts) if ('attribute' in part && !entries.has(part.attribute.name)) entries.set(part.attribute.name, part)
  const [first, ...rest] = entries.values()
  return faults.length > 0 || first === undefined ? { kind: 'faults', faults } : { kind: 'order', order: [first, ...rest] }
}

function readEntry(text: string): OrderEntry | Fault {
  const [, name, direction] = ENTRY.exec(text.trim()) ?? []
  if (name === undefined) return { code: 'TAPIS_QUERY_PARAM_ORDERBY_ERROR', text: `orderBy: not of the form attribute(asc) or attribute(desc): ${shown(text)}` }
  const attribute = attributeOf(name)
  if (!attribute) return { code: 'NTFLIB_DB_NO_COLUMN_SORT', text: `orderBy: there is no attribute ${shown(name)}` }
  return { attribute, isDescending: direction?.toLowerCase() === 'desc' }
}

/** What follows `order by`. */
export const compileOrder = (order: Order): Sql => join(order.map(({ attribute, isDescending }) => (isDescending ? sql`${attribute.column} desc` : attribute.column)), ', ')

export type ReadStart =
  | { readonly kind: 'start'; readonly after: Test }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }

/**
 * The condition that a list goes on after this value of its first attribute (contract 4.5). Rows that are equal in it are
 * passed over, and those without it. The value is taken as it is, without backslashes.
 */
export function readStart([{ attribute, isDescending }]: Order, value: string): ReadStart {
  const operator: Operator = isDescending ? 'lt' : 'gt'
  // Uuids and booleans have an order too, though conditions do not ask for it.
  const checked = typedTest(attribute, OPERATORS_OF[attribute.type].includes(operator) ? operator : 'eq', [value])
  if (checked.kind === 'faults') return { kind: 'faults', faults: checked.faults.map((text) => ({ code: 'NTFAPI_SEARCH_ERROR', text: `startAfter: ${text}` })) }
  return { kind: 'start', after: { ...checked.test, operator } }
}
