import type { Attribute } from './attributes.ts'

/** What rows must fulfil. Every syntax of the contract is read into this tree, and only this tree is compiled. */
export type Condition =
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | Test

/** One attribute against values, which fit its type. A row without the attribute (null) passes no test (SQL's logic). */
export interface Test {
  readonly kind: 'test'
  readonly attribute: Attribute
  readonly operator: Operator
  /** One; two for the ranges, both included; at least one for the lists. */
  readonly values: readonly Value[]
}

export const OPERATORS = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'between', 'nbetween', 'in', 'nin', 'like', 'nlike'] as const
export type Operator = (typeof OPERATORS)[number]

/**
 * A pattern of SQL for like and nlike: `%`, `_`, and a backslash only before `%`, `_` and a backslash. A timestamp is a
 * text that PostgreSQL reads as exactly that instant: whole microseconds, as the columns are (exact-comparison.ts has made
 * the test so). Uuids are in lower case.
 */
export type Value = string | number | boolean
