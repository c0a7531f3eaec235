import type { Comparison } from './condition.ts'
import type { Operator } from './operators.ts'
import type { Instant } from './timestamp.ts'

/**
 * Returns a comparison of microsecond columns that selects what a comparison of the exact instants would. PostgreSQL
 * rounds digits 7 to 9, so `lt ...000000400` would exclude the microsecond just below. Nothing is between two
 * microseconds: `eq` becomes a range without members, and `neq` whatever is outside of that range.
 */
export function exactComparison(
  operator: Operator,
  [first, second]: readonly [Instant, Instant?],
): Pick<Comparison, 'operator' | 'values'> {
  const isWhole = first.atOrBefore === first.atOrAfter
  switch (operator) {
    case 'eq':
      return isWhole
        ? { operator, values: [first.atOrBefore] }
        : { operator: 'between', values: [first.atOrAfter, first.atOrBefore] }
    case 'neq':
      return isWhole
        ? { operator, values: [first.atOrBefore] }
        : { operator: 'nbetween', values: [first.atOrAfter, first.atOrBefore] }
    case 'lt':
    case 'gte':
      return { operator, values: [first.atOrAfter] }
    case 'lte':
    case 'gt':
      return { operator, values: [first.atOrBefore] }
    case 'between':
    case 'nbetween':
      return { operator, values: [first.atOrAfter, (second ?? first).atOrBefore] }
    case 'in':
    case 'nin':
    case 'like':
    case 'nlike':
      throw new Error(`A timestamp was to be compared by ${operator}`)
    default:
      return operator satisfies never
  }
}
