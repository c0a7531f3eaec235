import type { Attribute } from './attributes.ts'
import type { Operator } from './operators.ts'

/** A condition on rows. Every syntax (protocol 4.2 to 4.4) is parsed into this tree, and only this tree is compiled. */
export type Condition =
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | Comparison

/**
 * Compares one attribute with values of its type. A row without the attribute (null) fulfils no comparison (SQL's
 * logic).
 */
export interface Comparison {
  readonly kind: 'comparison'
  readonly attribute: Attribute
  readonly operator: Operator
  /** One; two for ranges, which include both; at least one for lists. */
  readonly values: readonly Value[]
}

/**
 * A pattern of SQL for like and nlike: `%`, `_`, and a backslash only before `%`, `_` and a backslash. A timestamp is a
 * text that PostgreSQL reads as exactly that instant: in whole microseconds, as the columns are (see
 * exact-comparison.ts). Uuids are in lower case.
 */
export type Value = string | number | boolean
