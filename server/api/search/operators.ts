/** What an attribute can be compared by (protocol 4.2). */
export const OPERATORS = [
  'eq',
  'neq',
  'lt',
  'lte',
  'gt',
  'gte',
  'between',
  'nbetween',
  'in',
  'nin',
  'like',
  'nlike',
] as const
export type Operator = (typeof OPERATORS)[number]
