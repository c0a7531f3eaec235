import { parseInt32 } from '../int32.ts'
import type { Query } from '../query.ts'
import type { Fault } from '../refusal.ts'
import type { Test } from '../search/condition.ts'
import { readOrder, readStart, type Order } from '../search/order.ts'
import { shown } from '../shown-text.ts'

const DEFAULT_LIMIT = 100
const NAMES = ['search', 'limit', 'skip', 'startAfter', 'orderBy', 'computeTotal', 'select', 'ownedBy', 'anyOwner']

/** What a list is asked for beside its conditions (contract 4.1). */
export interface ListParameters {
  /** As asked for; negative: no limit. */
  readonly limit: number
  /** As asked for, even when negative. */
  readonly skip: number
  readonly orderBy: string | null
  readonly startAfter: string | null
  readonly order: Order
  readonly after: Test | undefined
  readonly select: string
  readonly isTotalWanted: boolean
}

export type ReadParameters =
  | { readonly kind: 'parameters'; readonly parameters: ListParameters }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }

/** Reads the parameters that the three list endpoints have in common, or says everything that is wrong with them. */
export function readListParameters(query: Query): ReadParameters {
  const repeated = NAMES.filter((name) => query.isRepeated(name))
  const faults: Fault[] = repeated.map((name) => ({ code: 'TAPIS_QUERY_PARAM_MULTIPLE', text: `${name} is given more than once` }))
  const text = (name: string) => (repeated.includes(name) ? undefined : query.text(name))

  function integer(name: string, otherwise: number): number {
    const value = text(name)
    const number = value === undefined ? otherwise : parseInt32(value)
    if (number === undefined) faults.push({ code: 'TAPIS_QUERY_PARAM_NOTINT', text: `${name} is no whole number of 32 bits: ${shown(value ?? '')}` })
    return number ?? otherwise
  }

  const limit = integer('limit', DEFAULT_LIMIT)
  const skip = integer('skip', 0)
  const [orderBy, startAfter, select] = [text('orderBy'), text('startAfter'), text('select')]
  const ordering = readOrder(orderBy)
  if (ordering.kind === 'faults') faults.push(...ordering.faults)
  if (startAfter !== undefined) faults.push(...pairFaults(query, text('skip')))
  const start = startAfter !== undefined && ordering.kind === 'order' ? readStart(ordering.order, startAfter) : undefined
  if (start?.kind === 'faults' && orderBy !== undefined) faults.push(...start.faults)

  if (faults.length > 0 || ordering.kind === 'faults' || start?.kind === 'faults') return { kind: 'faults', faults }
  return {
    kind: 'parameters',
    parameters: {
      limit, skip, orderBy: orderBy ?? null, startAfter: startAfter ?? null, order: ordering.order, after: start?.after,
      select: select ?? 'summaryAttributes',
      isTotalWanted: text('computeTotal')?.toLowerCase() === 'true',
    },
  }
}

/** What startAfter goes with. A repeated orderBy is a fault of its own. */
function pairFaults(query: Query, skip: string | undefined): Fault[] {
  const isOrdered = query.isRepeated('orderBy') || query.text('orderBy') !== undefined
  return [
    ...(isOrdered ? [] : [{ code: 'TAPIS_QUERY_PARAM_INVALID_PAIR1', text: 'startAfter needs orderBy' } as const]),
    ...(skip === undefined ? [] : [{ code: 'TAPIS_QUERY_PARAM_INVALID_PAIR2', text: 'startAfter and skip exclude each other' } as const]),
  ]
}
