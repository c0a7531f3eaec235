import type { Operator } from '../condition.ts'

/** What stands there, before anybody asks whether it makes sense. `at` is an offset in the text. */
export type Node =
  | { readonly kind: 'and' | 'or'; readonly at: number; readonly parts: readonly Node[] }
  | { readonly kind: 'comparison'; readonly at: number; readonly operator: Operator; readonly left: Node; readonly right: Node }
  | { readonly kind: 'match'; readonly at: number; readonly operator: Operator; readonly left: Node; readonly texts: readonly string[] }
  | { readonly kind: 'name'; readonly at: number; readonly text: string }
  | { readonly kind: 'literal'; readonly at: number; readonly type: 'string' | 'number' | 'boolean'; readonly text: string }
  | { readonly kind: 'null'; readonly at: number }
  | Unsupported

/** The language has it, the search has not. */
export interface Unsupported {
  readonly kind: 'unsupported'
  readonly at: number
  readonly sentence: string
}
