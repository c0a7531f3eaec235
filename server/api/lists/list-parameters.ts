import { parseInt32 } from '../http/int32.ts'
import type { Query } from '../http/query.ts'
import type { Violation } from '../violations.ts'
import type { Comparison } from '../search/condition.ts'
import { parseOrderBy, parseStartAfter, type Order } from '../search/order-by.ts'
import { sanitize } from '../../runtime/display-text.ts'

export const DEFAULT_LIMIT = 100
const NAMES = ['search', 'limit', 'skip', 'startAfter', 'orderBy', 'computeTotal', 'select', 'ownedBy', 'anyOwner']

/** The parameters of a list beside its conditions (protocol 4.1). */
export interface ListParameters {
  /** As asked for; negative: no limit. */
  readonly limit: number
  /** As asked for, even when negative. */
  readonly skip: number
  readonly orderBy: string | null
  readonly startAfter: string | null
  readonly order: Order
  readonly after: Comparison | undefined
  readonly select: string
  readonly isTotalWanted: boolean
}

export type ListParametersResult =
  | { readonly kind: 'parameters'; readonly parameters: ListParameters }
  | { readonly kind: 'invalid'; readonly violations: readonly Violation[] }

/** Reads the parameters that the three list operations have in common, or names everything that is wrong with them. */
export function parseListParameters(query: Query): ListParametersResult {
  const repeated = NAMES.filter((name) => query.isRepeated(name))
  const violations: Violation[] = repeated.map((name) => ({
    code: 'TAPIS_QUERY_PARAM_MULTIPLE',
    text: `${name} is given more than once`,
  }))
  const text = (name: string) => (repeated.includes(name) ? undefined : query.text(name))

  function integer(name: string, otherwise: number): number {
    const value = text(name)
    const number = value === undefined ? otherwise : parseInt32(value)
    if (number === undefined)
      violations.push({
        code: 'TAPIS_QUERY_PARAM_NOTINT',
        text: `${name} is not a 32-bit integer: ${sanitize(value ?? '')}`,
      })
    return number ?? otherwise
  }

  const limit = integer('limit', DEFAULT_LIMIT)
  const skip = integer('skip', 0)
  const [orderBy, startAfter, select] = [text('orderBy'), text('startAfter'), text('select')]
  const ordering = parseOrderBy(orderBy)
  if (ordering.kind === 'invalid') violations.push(...ordering.violations)
  if (startAfter !== undefined) violations.push(...pairViolations(query, text('skip')))
  const start =
    startAfter !== undefined && ordering.kind === 'order' ? parseStartAfter(ordering.order, startAfter) : undefined
  if (start?.kind === 'invalid' && orderBy !== undefined) violations.push(...start.violations)

  if (violations.length > 0 || ordering.kind === 'invalid' || start?.kind === 'invalid')
    return { kind: 'invalid', violations }
  return {
    kind: 'parameters',
    parameters: {
      limit,
      skip,
      orderBy: orderBy ?? null,
      startAfter: startAfter ?? null,
      order: ordering.order,
      after: start?.after,
      select: select ?? 'summaryAttributes',
      isTotalWanted: text('computeTotal')?.toLowerCase() === 'true',
    },
  }
}

/** Checks what startAfter needs and excludes. A repeated orderBy is named elsewhere. */
function pairViolations(query: Query, skip: string | undefined): Violation[] {
  const isOrdered = query.isRepeated('orderBy') || query.text('orderBy') !== undefined
  return [
    ...(isOrdered ? [] : [{ code: 'TAPIS_QUERY_PARAM_INVALID_PAIR1', text: 'startAfter needs orderBy' } as const]),
    ...(skip === undefined
      ? []
      : [{ code: 'TAPIS_QUERY_PARAM_INVALID_PAIR2', text: 'startAfter and skip are mutually exclusive' } as const]),
  ]
}
