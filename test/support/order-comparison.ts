import type { Operator } from '@tidings/server/api/search/operators.ts'

/** Operators of attributes that have an order, but for lists. */
export const ORDER_OPERATORS = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'nbetween'] as const

/** Whether a search condition holds by the numbers, as SQL compares them. `second` is of a range only. */
export function holds<Value extends number | bigint>(
  operator: Operator,
  column: Value,
  first: Value,
  second: Value,
): boolean {
  switch (operator) {
    case 'eq':
      return column === first
    case 'neq':
      return column !== first
    case 'lt':
      return column < first
    case 'lte':
      return column <= first
    case 'gt':
      return column > first
    case 'gte':
      return column >= first
    case 'between':
      return column >= first && column <= second
    case 'nbetween':
      return column < first || column > second
    default:
      throw new Error(`${operator} is no comparison by order`)
  }
}
