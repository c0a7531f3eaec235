import type { Operator } from '../operators.ts'

/** The parsed text, before its meaning is checked. `at` is an offset in the text. */
export type Node =
  | { readonly kind: 'and' | 'or'; readonly at: number; readonly parts: readonly Node[] }
  | {
      readonly kind: 'comparison'
      readonly at: number
      readonly operator: Operator
      readonly left: Node
      readonly right: Node
    }
  | {
      readonly kind: 'match'
      readonly at: number
      readonly operator: Operator
      readonly left: Node
      readonly texts: readonly string[]
    }
  | { readonly kind: 'name'; readonly at: number; readonly text: string }
  | {
      readonly kind: 'literal'
      readonly at: number
      readonly type: 'string' | 'number' | 'boolean'
      readonly text: string
    }
  | { readonly kind: 'null'; readonly at: number }
  | Unsupported

/** Part of the language, but not of the search. */
export interface Unsupported {
  readonly kind: 'unsupported'
  readonly at: number
  readonly sentence: string
}
